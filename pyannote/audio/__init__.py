"""Train, validate, apply and score small audio networks from the command line."""

from pathlib import Path

import lazy_loader

__version__ = "1.2.0+dcase"

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, [package.parent.name for package in Path(__file__).parent.glob("*/__init__.py")]
)
