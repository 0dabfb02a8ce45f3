"""Columns of tables of events: what each stands for, by its name or, without names, by its place."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pyannote.audio.core.errors import DataError
from pyannote.audio.io.lines import quoted

_UNITS = ("", "s", "sec", "secs", "seconds")
_OTHER_UNITS = ("ms", "msec", "milliseconds", "us", "min", "minutes", "sample", "samples", "frame", "frames")
_SLICES = "slicefilename"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _times(text: str, units: Sequence[str] = _UNITS) -> frozenset[str]:
    return frozenset(word + unit for word in text.split() for unit in units)


_ONSET = "onset onsettime start starttime begin begintime eventonset eventstart tstart"
_OFFSET = "offset offsettime end endtime stop stoptime eventoffset eventend tend"
_DURATION = "duration dur eventduration"

WORDS = {
    "file": _words(
        f"file filename filenames filepath fname path uri {_SLICES} audio audiofile audiofilename audiopath "
        "audiofilepath recording recordingid recordingname wav wavfile wavfilename wavname wavpath "
        "soundfile soundname clip clipid clipname clippath segmentid"
    ),
    "onset": _times(_ONSET),
    "offset": _times(_OFFSET),
    "duration": _times(_DURATION),
    "other unit": _times(f"{_ONSET} {_OFFSET} {_DURATION}", _OTHER_UNITS),
    "label": _words(
        "label labels labelname event events eventlabel eventlabels eventclass eventname eventtype class "
        "classes classlabel classname soundclass soundevent soundlabel soundeventlabel category categories "
        "tag tags mid mids positivelabels species speciesname commonname scientificname annotation speaker "
        "speakerid speakername"
    ),
    "soft": _words("soft softlabel softlabels softvalue value probability prob"),
    "detector": _words("confidence confidencescore conf score logit"),
}
"""Names of the columns of each role, in small letters, without blanks, underscores, brackets and the like."""

_TIME_WORDS = _words(
    "start begin onset end offset stop from to t0 t1 tmin tmax xmin xmax frame frames sample"
)
_PLURAL = _words("labels eventlabels events classes categories tags mids positivelabels")
_NUMBER = re.compile(r"[+-]?[0-9]*[.,:]?[0-9]+(?:[.,:][0-9]+)*")


@dataclass(frozen=True)
class Columns:
    """Columns of a table.

    Parameters
    ----------
    places : dict of str to int
        Place of the column of each role (see `WORDS`) that the table has.
    count : int
        Number of columns.
    named : bool
        Whether the first line names them.
    unread : tuple of str
        Names of columns without a role.
    several : bool
        Whether the name of the column of labels is a plural, so that a cell may contain several weak labels.

    Examples
    --------
    >>> columns_of(["File name", "Event_Labels"], None, Path("weak.tsv"), 1).places
    {'file': 0, 'label': 1}
    """

    places: dict[str, int]
    count: int
    named: bool = True
    unread: tuple[str, ...] = ()
    several: bool = False


FILES_AND_EVENTS = Columns({"file": 0, "onset": 1, "offset": 2, "label": 3}, 4, named=False)
"""Event lists of sed_eval and DCASE."""

EVENTS = Columns({"onset": 0, "offset": 1, "label": 2}, 3, named=False)
"""Events of the recording that the file is named after."""

SOFT_EVENTS = Columns({"onset": 0, "offset": 1, "label": 2, "soft": 3}, 4, named=False)
"""Soft labels of the recording that the file is named after."""


def role_of(name: str) -> str | None:
    """Role of a column of a name.

    Examples
    --------
    >>> role_of("Start Time (s)"), role_of("event_label"), role_of("fold")
    ('onset', 'label', None)
    """
    return next((role for role, words in WORDS.items() if _key(name) in words), None)


def _key(name: str) -> str:
    return re.sub(r"[\s_.\-()\[\]]+", "", name.lower())


def roles_of(names: Sequence[str], label_column: str | None = None) -> set[str]:
    """Roles of the columns of a first line; none if a cell is a number, as in lines of events.

    Parameters
    ----------
    names : sequence of str, shape (columns,)
    label_column : str, optional
        Name of the column of labels.

    Examples
    --------
    >>> sorted(roles_of(["onset", "offset", "remark"])), roles_of(["audio", "0.5", "1.5", "event"])
    (['offset', 'onset'], set())
    """
    if any(_NUMBER.fullmatch(name.strip()) for name in names):
        return set()
    roles = {role for role in map(role_of, names) if role}
    called = label_column is not None and _key(label_column) in map(_key, names)
    return roles | {"label"} if called else roles


def columns_without_names(cells: Sequence[str]) -> Columns | None:
    """Columns of a line of a table whose first line is an event, or None if they are in no known order.

    Parameters
    ----------
    cells : sequence of str, shape (columns,)

    Examples
    --------
    >>> columns_without_names(["a.wav", "0.5", "1.5", "car"]) == FILES_AND_EVENTS
    True
    """
    numbers = "".join("1" if _NUMBER.fullmatch(cell.strip()) else "x" for cell in cells)
    # four numbers may be either
    if numbers in ("x11x", "111x", "x111"):
        return FILES_AND_EVENTS
    return {"11x1": SOFT_EVENTS, "11x": EVENTS, "111": EVENTS}.get(numbers)


def columns_of(names: Sequence[str], label_column: str | None, path: Path, line: int) -> Columns:
    """Columns of a table whose first line names them.

    Parameters
    ----------
    names : sequence of str, shape (columns,)
    label_column : str, optional
        Name of the column of labels, where several may be.
    path, line : Path, int
        Place of the names, for errors.

    Raises
    ------
    DataError
        If a column is missing, or several may be the same.

    Examples
    --------
    >>> columns_of(["audio", "start", "end", "common name", "code"], None, Path("a.csv"), 1).unread
    ('code',)
    """
    known = [role_of(name) for name in names]
    if label_column is not None:
        labels = called(names, label_column, "--label-column", path, line)
        known = [None if role == "label" else role for role in known]
        known = ["label" if place in labels else role for place, role in enumerate(known)]
    found = {role: [place for place, one in enumerate(known) if one == role] for role in known if role}
    for role, places in found.items():
        if len(places) > 1 and role != "other unit":
            raise _ambiguous(role, [names[place] for place in places], path, line)
    roles = {role: places[0] for role, places in found.items()}
    _check(roles, names, path, line)
    if "onset" not in roles or _key(names[roles.get("file", 0)]) == _SLICES:
        # without onset, durations are those of recordings; times of slices are those in longer recordings
        roles = {role: place for role, place in roles.items() if role in ("file", "label")}
    unread = tuple(name for place, name in enumerate(names) if place not in roles.values())
    return Columns(roles, len(names), True, unread, _key(names[roles["label"]]) in _PLURAL)


def called(names: Sequence[str], name: str, option: str, path: Path, line: int) -> list[int]:
    """Places of the columns of a name, whatever its case, blanks and underscores.

    Parameters
    ----------
    names : sequence of str, shape (columns,)
    name : str
        As the user has written it.
    option : str
        That of the command line, for errors.
    path, line : Path, int
        Place of the names, for errors.

    Raises
    ------
    DataError
        If there is none.

    Examples
    --------
    >>> called(["file", "Recording place"], "recording_place", "--group", Path("a.csv"), 1)
    [1]
    """
    places = [place for place, one in enumerate(names) if _key(one) == _key(name)]
    if not places:
        raise DataError(
            f"There is no column {quoted(name)}; found are {_listed(names) or 'none'}.",
            file=path,
            line=line,
            fix=f"Correct {option}.",
        )
    return places


def _ambiguous(role: str, names: Sequence[str], path: Path, line: int) -> DataError:
    choose = f"Say which: --label-column={shlex.quote(names[0])}, for example."
    return DataError(
        f"Several columns may be the {role}: {_listed(names)}.",
        file=path,
        line=line,
        fix=choose if role == "label" and len(set(names)) > 1 else "Remove or rename all but one.",
    )


def _check(roles: dict[str, int], names: Sequence[str], path: Path, line: int) -> None:
    """Refuse columns that are not those of events or of weak labels."""
    if "detector" in roles:
        raise DataError(
            f"The column {quoted(names[roles['detector']])} is one of outputs of a detector, which are no "
            "annotation.",
            file=path,
            line=line,
            fix="If people have given its values, call it soft_label and use --soft=0.5; else annotate.",
        )
    if "other unit" in roles:
        found = f"The times of the column {quoted(names[roles['other unit']])} are not in seconds."
        raise DataError(found, file=path, line=line, fix="Convert them, and rename the column.")
    events = "onset" in roles and ("offset" in roles or "duration" in roles)
    weak = "file" in roles and "soft" not in roles and not any(map(_means_time, names))
    if "label" not in roles or not (events or weak):
        raise not_a_table(names, path, line)


def _means_time(name: str) -> bool:
    """Whether a name contains a word for a time, so that labels beside it are not weak."""
    return any(word.lower() in _TIME_WORDS for word in re.findall("[A-Z]?[a-z0-9]+|[A-Z]+", name))


def not_a_table(names: Sequence[str], path: Path, line: int) -> DataError:
    """Error for a table whose columns are not those of events."""
    return DataError(
        f"This does not name the columns of a table of events: {_listed(names)}.",
        file=path,
        line=line,
        fix="Needed are filename, onset, offset (or duration) and label, by name, or in this order; or "
        "filename and label for weak labels.",
    )


def unread_columns(*tables: Columns, but: str | None = None) -> list[str]:
    """Sentence about columns that are not read, if there are any beside one.

    Examples
    --------
    >>> unread_columns(columns_of(["file", "class", "fold"], None, Path("a.csv"), 1))
    ["Columns that are not read: 'fold'."]
    """
    read = None if but is None else _key(but)
    unread = (name for columns in tables for name in columns.unread)
    names = list(dict.fromkeys(name for name in unread if _key(name) != read))
    return [f"Columns that are not read: {_listed(names)}."] if names else []


def _listed(names: Sequence[str]) -> str:
    return ", ".join(quoted(name) for name in names[:12]) + (", ..." if len(names) > 12 else "")
