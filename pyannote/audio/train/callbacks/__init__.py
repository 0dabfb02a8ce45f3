"""Callbacks: averaging of weights, early stopping. Each class is imported from its file on first use."""

from pyannote.audio.core.class_files import lazy_classes

__getattr__, __dir__, __all__ = lazy_classes(__name__, __file__)
