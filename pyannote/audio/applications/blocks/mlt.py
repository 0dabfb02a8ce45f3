"""Block `mlt`: multilabel detection."""

from pyannote.audio.applications.blocks._detection import detection_block

BLOCK = detection_block("Multilabel detection.")
