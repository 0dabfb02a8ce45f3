"""Original spelling of labels: `labels.yml`, which preparing commands write beside `database.yml`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pyannote.audio.core.errors import ConfigError, DataError
from pyannote.audio.database.sources import entries_of
from pyannote.audio.io.lines import quoted, safe_name
from pyannote.audio.io.yaml_files import read_plain

LABELS = "labels.yml"


def spelling_of(protocol: str) -> dict[str, str]:
    r"""Original spelling of the labels of a protocol that RTTM cannot express, such as those with blanks.

    Parameters
    ----------
    protocol : str
        Full name; one that is made of other protocols (`X.`) has the labels of all of them.

    Returns
    -------
    spelling : dict of str to str
        Original spelling by the label of RTTM, of those that differ.

    Raises
    ------
    DataError
        If a `labels.yml` does not map labels to original spellings, or two of them differ.

    Examples
    --------
    >>> from pyannote.audio.database.known_protocols import load_database
    >>> folder = getfixture("tmp_path")
    >>> _ = (folder / "labels.yml").write_text("people_walking: people walking\ncar: car")
    >>> _ = (folder / "database.yml").write_text("Protocols: {Road: {Collection: {One: {uri: a.lst}}}}")
    >>> load_database(str(folder / "database.yml"))
    >>> spelling_of("Road.Collection.One")
    {'people_walking': 'people walking'}
    """
    spelling: dict[str, str] = {}
    for path in sorted(set(_files(protocol))):
        for label, original in read_labels(path).items():
            if spelling.setdefault(label, original) != original:
                raise DataError(
                    f"{quoted(label)} stands for {quoted(original)} here, and for "
                    f"{quoted(spelling[label])} in another database of the same protocol.",
                    file=path,
                    fix="Prepare both again with one spelling.",
                )
    return {label: original for label, original in spelling.items() if label != original}


def read_labels(path: Path) -> dict[str, str]:
    """Read a `labels.yml`: the original spelling of each label.

    Raises
    ------
    DataError
        If it is damaged, or an entry is no original spelling of its label.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "labels.yml"
    >>> _ = path.write_text("car: bus")
    >>> read_labels(path)
    Traceback (most recent call last):
    pyannote.audio.core.errors.DataError: ...labels.yml: 'car' is not what 'bus' is called in RTTM. ...
    """
    fix = "Prepare the data again. If no preparing command has written this file, give it another name."
    try:
        content = read_plain(path)
    except ConfigError as error:
        raise DataError(error.message, file=path, line=error.line, fix=fix) from None
    if not isinstance(content, Mapping):
        raise DataError("This does not map labels to their original spelling.", file=path, fix=fix)
    for label, original in content.items():
        # an empty name has no safe one
        named = isinstance(original, str) and original.strip() and safe_name(original)
        if label != named:
            raise DataError(
                f"{quoted(str(label))} is not what {quoted(str(original))} is called in RTTM.",
                file=path,
                fix=fix,
            )
    return dict(content)


def _files(protocol: str) -> Iterator[Path]:
    """`labels.yml` beside each `database.yml` that a protocol is defined in."""
    config, entries = entries_of(protocol, None)
    if (path := config.parent / LABELS).is_file() and entries:
        yield path
    for name in _protocols_in(entries):
        if name != protocol:
            yield from _files(name)


def _protocols_in(entries: Any) -> Iterator[str]:
    """Names of the protocols that another one is made of."""
    if isinstance(entries, Mapping):
        for key, value in entries.items():
            if isinstance(key, str) and key.count(".") == 2:
                yield key
            yield from _protocols_in(value)
