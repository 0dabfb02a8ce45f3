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
        Events of each file, in seconds. A file without events is a line with its name alone, in a form
        without blanks (`safe_name`); labels stand as they are.

    Raises
    ------
    DataError
        If two files would have the same name.

    Examples
    --------
    >>> format_events({"a": [(0.5, 1.0, "car")], "b": []}).splitlines()[1:]
    ['a\t0.500\t1.000\tcar', 'b']
    """
    lines, names = [HEADER], safe_names(events)
    for file, found in events.items():
        lines += [f"{names[file]}\t{onset:.3f}\t{offset:.3f}\t{label}" for onset, offset, label in found]
        if not found:
            lines.append(names[file])
    return "\n".join(lines) + "\n"


def read_event_lists(path: Path) -> dict[str, list[Event]]:
    """Read what `format_events` has written.

    Raises
    ------
    DataError
        If the file is missing, or a line is neither a file name nor a whole event.
    """
    try:
        # names may hold what Python takes for other ends of lines
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
        found = events.setdefault(file, [])
        if not columns:
            continue
        try:
            onset, offset, label = columns
            found.append((float(onset), float(offset), label))
        except ValueError:
            raise DataError(
                "This is not `file, onset, offset, label` with tabs between.",
                file=path,
                line=number,
                fix="Run `apply` again.",
            ) from None
    return events
