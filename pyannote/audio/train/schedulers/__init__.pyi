# Written by scripts/write_stubs.py

from .constant_scheduler import ConstantScheduler as ConstantScheduler
from .cosine_scheduler import CosineScheduler as CosineScheduler
from .cyclic_scheduler import CyclicScheduler as CyclicScheduler
from .davis_king import DavisKing as DavisKing
from .one_cycle_scheduler import OneCycleScheduler as OneCycleScheduler
