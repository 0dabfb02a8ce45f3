# Written by scripts/write_stubs.py

from .early_stopping import EarlyStopping as EarlyStopping
from .weight_averaging import WeightAveraging as WeightAveraging
