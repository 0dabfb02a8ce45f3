# Written by scripts/write_stubs.py

from .direct import Direct as Direct
from .wccn import WCCN as WCCN
