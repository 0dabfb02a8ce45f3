# Written by scripts/write_stubs.py

from .direct import Direct as Direct
from .plda import PLDA as PLDA
from .wccn import WCCN as WCCN
