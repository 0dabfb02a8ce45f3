# Written by scripts/write_stubs.py

from .adam import Adam as Adam
from .adam_w import AdamW as AdamW
from .sgd import SGD as SGD
