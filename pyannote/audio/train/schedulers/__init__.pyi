# Written by scripts/write_stubs.py

from .constant_scheduler import ConstantScheduler as ConstantScheduler
from .cyclic_scheduler import CyclicScheduler as CyclicScheduler
from .davis_king import DavisKing as DavisKing
