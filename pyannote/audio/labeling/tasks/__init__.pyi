# Written by scripts/write_stubs.py

from .dcase import Dcase as Dcase
from .masked_prediction import MaskedPrediction as MaskedPrediction
from .multilabel_detection import MultilabelDetection as MultilabelDetection
