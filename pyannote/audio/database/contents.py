"""Digests of the audio and the annotation of recordings, by which a training finds out what has changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pyannote.audio.core.contents import Content, Contents
from pyannote.audio.core.digests import digest
from pyannote.audio.database.protocols import Recording, name_of


def contents_of(files: Sequence[Recording], audio: Sequence[str]) -> dict[str, Content]:
    """Digests of the audio and annotation of recordings, by name.

    Parameters
    ----------
    files : sequence of Recording, shape (files,)
    audio : sequence of str, shape (files,)
        Digest of the audio of each.

    Examples
    --------
    >>> files = [{"database": "D", "uri": "a", "regions": [(0.0, 9.0)], "events": None}]
    >>> contents_of(files, ["9c1a"])["D/a"].audio
    '9c1a'
    """
    return {
        name_of(file): Content(key, annotation_digest(file)) for file, key in zip(files, audio, strict=True)
    }


def annotation_digest(file: Recording) -> str:
    """Digest of the annotated regions and the events of a recording, independent of their order.

    Parameters
    ----------
    file : Recording
        Its `regions` have shape (regions, 2), its `events` shape (events, 3).

    Examples
    --------
    >>> file = {"regions": [(0.0, 10.0)], "events": [(1.0, 2.0, "car"), (3.0, 4.0, "car")]}
    >>> other = {"regions": [(0, 10)], "events": [(3, 4, "car"), (1, 2, "car")]}
    >>> annotation_digest(file) == annotation_digest(other)
    True
    """
    events = file["events"]
    return digest([sorted(file["regions"]), None if events is None else sorted(events)])


def seen_before(before: Contents, now: Contents) -> list[str]:
    """Names of recordings that were used before, under the same name or with the same audio.

    Parameters
    ----------
    before, now : mapping of str to Content
        Recordings of a training, and those to look for among them.

    Returns
    -------
    names : list of str, shape (names,)

    Examples
    --------
    >>> before = {"D/a": Content("1", "1"), "D/b": Content("2", "2")}
    >>> seen_before(before, {"D/a": Content("9", "9"), "E/x": Content("2", "9"), "D/c": Content("3", "3")})
    ['D/a', 'E/x']
    """
    audio = {content.audio for content in before.values()}
    return [name for name, content in now.items() if name in before or content.audio in audio]


def changes(before: Contents, now: Contents) -> Iterator[str]:
    """Differences between the recordings of a training and those of today, as sentences.

    Parameters
    ----------
    before, now : mapping of str to Content

    Examples
    --------
    >>> list(changes({"D/a": Content("1", "1")}, {"D/a": Content("2", "1"), "D/b": Content("3", "3")}))
    ['the audio of D/a has changed', 'D/b is new']
    """
    for name, content in before.items():
        if name not in now:
            yield f"{name} is missing"
            continue
        if content.audio != now[name].audio:
            yield f"the audio of {name} has changed"
        if content.annotation != now[name].annotation:
            yield f"the annotation of {name} has changed"
    yield from (f"{name} is new" for name in now if name not in before)
