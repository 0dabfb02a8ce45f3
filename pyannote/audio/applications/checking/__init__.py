"""The command `pyannote-audio check`: its findings, figures and report."""
