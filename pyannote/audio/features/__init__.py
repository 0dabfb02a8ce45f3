"""Features, from recordings to frames; class `SomeName` of `some_name.py` is imported when asked for."""

from pyannote.audio.core.lazy import lazy_classes

__getattr__ = lazy_classes(__name__, {"Pretrained": "pyannote.audio.inference.pretrained"})
