"""Event lists in the tab-separated form of sed_eval: file, onset, offset, label."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pyannote.audio.core.errors import DataError
from pyannote.audio.core.labels import Event
from pyannote.audio.io.lines import safe_names

HEADER = "filename\tonset\toffset\tevent_label"


def format_events(events: Mapping[str, Sequence[Event]]) -> str:
    r"""Lines of an event list.

    Parameters
    ----------
    events : mapping of str to sequence of (onset, offset, label)
        Events of each file, in seconds. A file without events is a line with its name only. Names are
        written without blanks (`safe_name`), labels unchanged.

    Raises
    ------
    DataError
        If two files have the same name without blanks.

    Examples
    --------
    >>> format_events({"a": [(0.5, 1.0, "car")], "b": []}).splitlines()[1:]
    ['a\t0.500\t1.000\tcar', 'b']
    """
    lines, names = [HEADER], safe_names(events)
    for file, own_events in events.items():
        lines += [f"{names[file]}\t{onset:.3f}\t{offset:.3f}\t{label}" for onset, offset, label in own_events]
        if not own_events:
            lines.append(names[file])
    return "\n".join(lines) + "\n"


def read_event_lists(path: Path) -> dict[str, list[Event]]:
    """Read an event list that `format_events` has written.

    Parameters
    ----------
    path : Path

    Returns
    -------
    dict of str to list of (onset, offset, label)
        Events of each file, in seconds.

    Raises
    ------
    DataError
        If the file is missing, or a line is neither a file name nor a complete event.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "a.tsv"
    >>> _ = path.write_text(format_events({"a": [(0.5, 1.0, "car")], "b": []}))
    >>> read_event_lists(path)
    {'a': [(0.5, 1.0, 'car')], 'b': []}
    """
    try:
        # `splitlines` would also split at other characters, which names may contain
        lines = path.read_text(encoding="utf-8").rstrip("\n").split("\n")
    except OSError as error:
        raise DataError(
            f"It cannot be read ({error.strerror}).", file=path, fix="Run `apply` again."
        ) from None
    except UnicodeDecodeError:
        raise DataError("It is not text in UTF-8.", file=path, fix="Run `apply` again.") from None
    events: dict[str, list[Event]] = {}
    for number, line in enumerate(lines[1:], start=2):
        file, *columns = line.split("\t")
        own_events = events.setdefault(file, [])
        if not columns:
            continue
        try:
            onset, offset, label = columns
            own_events.append((float(onset), float(offset), label))
        except ValueError:
            raise DataError(
                "This line is not `file, onset, offset, label`, separated by tabs.",
                file=path,
                line=number,
                fix="Run `apply` again.",
            ) from None
    return events
