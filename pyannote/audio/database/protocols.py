"""Recordings of a pyannote.database protocol, checked before anyone works with them."""

from __future__ import annotations

import contextlib
import os
import re
import warnings
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

from pyannote.audio.core.collected_errors import combined_error
from pyannote.audio.core.errors import AudioError, DataError, ToolkitError, UsageError
from pyannote.audio.core.labels import Event
from pyannote.audio.database.bounds import check_events, check_regions
from pyannote.audio.database.known_protocols import known_protocols
from pyannote.audio.database.sources import check_sources, sources_of
from pyannote.audio.database.strict import UNCUT, read_strictly, uncut
from pyannote.audio.io import waveform
from pyannote.audio.io.lines import is_text, quoted

if TYPE_CHECKING:
    from pyannote.core import Annotation

SUBSETS = ("train", "development", "test")
LONGEST = 200
"""Bytes of the name of a protocol."""


class _Heard(TypedDict, total=False):
    speed: float
    header: waveform.AudioInfo


class Recording(_Heard):
    """One audio file of a protocol.

    `regions` are the annotated parts, as (start, end) in seconds within the file; `events` are those
    within them, and None where the protocol gives no annotation. Where there is a `speed`, the audio is
    heard so many times faster, and `duration`, `regions` and `events` are those of what is heard. `header`
    is what the audio file says of itself, where it was read from a protocol.
    """

    uri: str
    database: str
    audio: Path
    duration: float
    regions: list[tuple[float, float]]
    events: list[Event] | None


class Unusable(NamedTuple):
    """A file whose audio is missing, damaged, silent or the like.

    Parameters
    ----------
    name : str
        See `name_of`.
    reason : DataError
        Why it cannot be used, in a sentence.
    """

    name: str
    reason: DataError


def name_of(file: Mapping[str, Any]) -> str:
    """Name that no other file of a protocol has: several databases may call one by the same uri.

    Examples
    --------
    >>> name_of({"database": "AMI", "uri": "ES2011a"})
    'AMI/ES2011a'
    """
    return f"{file['database']}/{file['uri']}"


def recordings(
    name: str,
    subset: str,
    templates: Mapping[str, str] | None = None,
    annotated: bool = True,
    speakers: bool = False,
) -> list[Recording]:
    """Files of one subset of a protocol, in the order of their names.

    Parameters
    ----------
    name : str
        Full name, such as "TUT2017.SpeakerDiarization.MyProtocol".
    subset : {"train", "development", "test"}
        Which part of it.
    templates : mapping, optional
        The `preprocessors` of a configuration; `audio` overrides where wavs are.
    annotated : bool
        Whether every file must have an annotation.
    speakers : bool
        Whether labels are names of speakers. If they are, and the protocol says that their scope is a file,
        the speaker `a` of the file `x` is called `x/a`, because another `a` is another person; in a protocol
        made of several databases (`X.`), the `a` whose scope is the database `D` is called `D/a`.

    Raises
    ------
    UsageError
        If there is no such protocol or subset; with the names that exist.
    DataError
        If a list, an annotation or a wav is missing, damaged, or they do not fit each other.
    """
    found, unusable = readable_recordings(name, subset, templates, annotated, speakers)
    if unusable:
        raise combined_error([one.reason for one in unusable])
    return found


def readable_recordings(
    name: str,
    subset: str,
    templates: Mapping[str, str] | None = None,
    annotated: bool = True,
    speakers: bool = False,
) -> tuple[list[Recording], list[Unusable]]:
    """Files of one subset of a protocol whose audio can be opened, and those whose audio cannot.

    Parameters and errors are those of `recordings`: lists and annotations are still refused.
    """
    if subset not in SUBSETS:
        raise UsageError(f"There is no subset {subset!r}; there are {', '.join(SUBSETS)}.")
    protocol = _protocol(name, templates)
    sources = sources_of(name, subset)
    check_sources(sources)
    try:
        with read_strictly():
            files = list(getattr(protocol, subset)())
    except (NotImplementedError, AttributeError):
        raise UsageError(
            f"The protocol {name} has no subset {subset!r}.", fix="Choose another with --subset."
        ) from None
    except ToolkitError:
        raise
    except Exception as error:
        raise DataError(
            f"The subset {subset!r} of {name} cannot be read ({error}).", fix="Check its lists."
        ) from error
    if not files:
        raise DataError(
            f"The subset {subset!r} of {name} has no files.", file=sources.get("uri"), fix="Fill its list."
        )
    files.sort(key=_by_name)
    found: list[Recording] = []
    unusable: list[Unusable] = []
    for file in files:
        try:
            one = _recording(file, sources, annotated)
        except AudioError as error:
            unusable.append(Unusable(name_of(file), error))
        else:
            found.append(_distinct(one, _scope(file, name)) if speakers else one)
    return found, unusable


def _by_name(file: Any) -> tuple[str, str]:
    # what is drawn, and which chunks share a batch, must not depend on the order of a list
    return str(file["uri"]), str(file["database"])


def recording_of(audio: Path) -> Recording:
    """Make a recording without annotation of a plain audio file."""
    duration = waveform.info(audio).duration
    whole = [(0.0, duration)]
    return Recording(
        uri=audio.stem, database="audio", audio=audio, duration=duration, regions=whole, events=None
    )


def labels_of(files: Iterable[Recording]) -> list[str]:
    """Labels that occur in the annotation of files, sorted."""
    return sorted({label for file in files for _, _, label in file["events"] or ()})


def _scope(file: Any, name: str) -> str:
    """Return what must stand before the labels of a file, so that equal ones mean equal speakers."""
    scope = _value(file, "scope")
    if scope == "file":
        return f"{file['uri']}/"
    return f"{file['database']}/" if scope == "database" and name.startswith("X.") else ""


def _distinct(recording: Recording, scope: str) -> Recording:
    events = recording["events"]
    if events is not None:
        recording["events"] = [(onset, offset, f"{scope}{label}") for onset, offset, label in events]
    return recording


def _protocol(name: str, templates: Mapping[str, str] | None) -> Any:
    registry = known_protocols()
    from pyannote.database import FileFinder

    known = sorted(registry)
    if name not in known:
        close = get_close_matches(name, known, n=1, cutoff=0.4)
        read = [str(path) for path in registry.configs]
        hint = f"Did you mean {close[0]!r}? " if close else ""
        if read:
            files = ", ".join(read)
            fix = f"{hint}The protocols of {files} are known; name other files in PYANNOTE_DATABASE_CONFIG."
        else:
            fix = (
                "No database.yml was found: name it in PYANNOTE_DATABASE_CONFIG, or place it in the current "
                "folder or in ~/.pyannote."
            )
        raise UsageError(f"There is no protocol {name!r}.", fix=fix)
    # folders and files of results are named after it
    if (
        not re.fullmatch(r"[^./]+(\.[^./]+){2}", name)
        or not is_text(name)
        or len(os.fsencode(name)) > LONGEST
    ):
        raise UsageError(
            f"{quoted(name)} cannot name a protocol.",
            fix=f"Rename it in database.yml: Database.Task.Protocol, without slashes, up to {LONGEST} bytes.",
        )
    own = {key: partial(_filled, template) for key, template in (templates or {}).items()}
    finder = FileFinder(registry=registry)
    return registry.get_protocol(name, preprocessors={"audio": finder, **own, "annotation": uncut})


def _filled(template: str, file: Any) -> str:
    # values that are there already: asking for the others would ask for this one again
    return template.format(**abs(file))


def _recording(file: Any, sources: Mapping[str, Path], annotated: bool) -> Recording:
    uri = str(file["uri"])
    audio = _audio(file)
    header = waveform.info(audio)
    duration = header.duration
    annotation = _value(file, "annotation")
    if annotation is None and annotated:
        raise DataError(
            f"{uri} has no annotation.", file=sources.get("uri"), fix="Add `annotation:` to the protocol."
        )
    timeline = _value(file, "annotated")
    regions = (
        [(0.0, duration)] if timeline is None else [(part.start, part.end) for part in timeline.support()]
    )
    if annotation is not None:
        check_events(uri, _value(file, UNCUT) or annotation, duration, sources.get("annotation"))
    check_regions(uri, regions, duration, sources.get("annotated"))
    regions = [(start, min(end, duration)) for start, end in regions]
    events = None if annotation is None else _events(annotation, duration)
    database = str(file["database"])
    return Recording(
        uri=uri,
        database=database,
        audio=audio,
        duration=duration,
        regions=regions,
        events=events,
        header=header,
    )


def _value(file: Any, key: str) -> Any:
    try:
        # pyannote.database warns that it cuts events where no region is annotated
        with contextlib.suppress(KeyError), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return file[key]
    except ToolkitError:
        raise
    except Exception as error:
        found = f"The {key} of {quoted(file['uri'])} cannot be read ({error})."
        raise DataError(found, fix="Check what database.yml says of it.") from error
    return None


def _audio(file: Any) -> Path:
    try:
        return Path(os.fspath(file["audio"]))
    except ToolkitError:
        raise
    except Exception as error:
        reason = " ".join(str(error).strip("'\"").split())
        raise AudioError(
            f"No single audio file was found for {file['uri']} ({reason}).",
            fix="Check its path template: `Databases:` in database.yml, or `preprocessors:` in config.yml.",
        ) from error


def _events(annotation: Annotation, duration: float) -> list[Event]:
    events = []
    for segment, _, label in annotation.itertracks(yield_label=True):
        # start + duration of a RTTM line leaves noise of arithmetic behind, which would open a segment more
        onset, offset = max(0.0, round(segment.start, 3)), min(round(segment.end, 3), duration)
        # rounding may bring an onset beyond the end
        events.append((min(onset, offset), offset, str(label)))
    return sorted(events)
