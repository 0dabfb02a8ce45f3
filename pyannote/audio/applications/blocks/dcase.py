"""Block `dcase`: sound event detection with short-term and long-term input."""

from pyannote.audio.applications.blocks._detection import DETECTION
from pyannote.audio.applications.blocks.base import Block

BLOCK = Block("Sound event detection with short-term and long-term input (DCASE 2017 task 3).", DETECTION)
