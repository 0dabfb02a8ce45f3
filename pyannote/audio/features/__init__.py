"""Features of recordings; class `SomeName` of `some_name.py` is imported on first use."""

from pyannote.audio.core.class_files import lazy_classes

__getattr__, __dir__, __all__ = lazy_classes(
    __name__, __file__, {"Pretrained": "pyannote.audio.inference.pretrained"}
)
