"""What the `database.yml` files say that pyannote.database reads when it is first imported."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from pyannote.audio.core.errors import DataError, UsageError

VARIABLE = "PYANNOTE_DATABASE_CONFIG"
"""Environment variable that names `database.yml` files, with semicolons between."""


def known_protocols() -> Any:
    """Registry of pyannote.database.

    Raises
    ------
    UsageError
        If the environment variable names a file that does not exist.
    DataError
        If a `database.yml` is damaged.
    """
    for name in filter(None, os.environ.get(VARIABLE, "").split(";")):
        # pyannote.database would pass over it without a word
        if not Path(name).expanduser().is_file():
            raise UsageError(
                f"{VARIABLE} names this file, and it is not there.", file=name, fix="Correct the variable."
            )
    try:
        from pyannote.database import registry
    except ImportError:
        raise
    except Exception as error:
        raise _damaged(error) from error
    return registry


def _damaged(error: Exception) -> DataError:
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return DataError(
            f"A database.yml is not what pyannote.database expects ({type(error).__name__}: {error}).",
            fix=f"Correct the files named in {VARIABLE}, ~/.pyannote/database.yml, or ./database.yml.",
        )
    return DataError(
        f"This is no YAML ({getattr(error, 'problem', error)}).",
        file=mark.name,
        line=mark.line + 1,
        fix="Correct the line, or the one before it.",
    )
