# Written by scripts/write_stubs.py

from .dcase import Dcase as Dcase
from .multilabel_detection import MultilabelDetection as MultilabelDetection
