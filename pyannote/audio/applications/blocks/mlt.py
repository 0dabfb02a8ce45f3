"""Block `mlt`: multilabel detection."""

from pyannote.audio.applications.blocks._detection import DETECTION
from pyannote.audio.applications.blocks.base import Block

BLOCK = Block("Multilabel detection.", DETECTION)
