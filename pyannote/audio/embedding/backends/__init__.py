"""How embeddings are compared; `SomeName` is imported from `some_name.py` when asked for."""

from pyannote.audio.core.lazy import lazy_classes

__getattr__ = lazy_classes(__name__)
