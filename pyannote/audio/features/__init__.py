"""Features, from recordings to frames: class `SomeName` of `some_name.py` is imported when asked for."""

from typing import Any

_ELSEWHERE = {"Pretrained": "pyannote.audio.inference.pretrained"}


def __getattr__(name: str) -> Any:
    if not name[:1].isupper():
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module
    from importlib.util import find_spec

    from pyannote.audio.config.registry import snake_case

    module = _ELSEWHERE.get(name, f"{__name__}.{snake_case(name)}")
    if find_spec(module) is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(module), name)
