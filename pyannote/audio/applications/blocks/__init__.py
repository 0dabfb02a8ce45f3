"""Blocks by file name: `pyannote-audio <block>` is `<block>.py`."""
