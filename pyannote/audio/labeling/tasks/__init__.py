"""Tasks: batches, targets and loss from training files; a class is imported at its first use."""

from pyannote.audio.core.class_files import lazy_classes

__getattr__, __dir__, __all__ = lazy_classes(__name__, __file__)
