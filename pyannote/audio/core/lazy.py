"""Classes that are imported when they are first asked for, from the file that is named after them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from types import MappingProxyType
from typing import Any


def snake_case(name: str) -> str:
    """Name of the file that holds a class.

    Examples
    --------
    >>> snake_case("LibrosaMFCC"), snake_case("Dcase"), snake_case("LibrosaMelSpectrogram")
    ('librosa_mfcc', 'dcase', 'librosa_mel_spectrogram')
    """
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def lazy_classes(package: str, elsewhere: Mapping[str, str] = MappingProxyType({})) -> Callable[[str], Any]:
    """`__getattr__` of a package that offers the classes of its files without importing them.

    Parameters
    ----------
    package : str
        Name of the package.
    elsewhere : mapping of str to str
        Dotted module of each class that lives in another package.

    Examples
    --------
    >>> lazy_classes("pyannote.audio.core")("Specifications").__name__
    'Specifications'
    """

    def get(name: str) -> Any:
        module = elsewhere.get(name, f"{package}.{snake_case(name)}")
        if not name[:1].isupper() or find_spec(module) is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(module), name)

    return get
