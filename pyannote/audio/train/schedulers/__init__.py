"""Schedulers of the learning rate; `SomeName` is imported from `some_name.py` when asked for."""

from pyannote.audio.core.class_files import lazy_classes

__getattr__, __dir__, __all__ = lazy_classes(__name__, __file__)
