"""Block `dcase`: sound event detection with short-term and long-term input."""

from pyannote.audio.applications.blocks._detection import detection_block

BLOCK = detection_block("Sound event detection with short-term and long-term input (DCASE 2017 task 3).")
