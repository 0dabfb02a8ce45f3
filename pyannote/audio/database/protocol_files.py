"""Files of pyannote.database protocols, converted to recordings and checked against their audio."""

from __future__ import annotations

import contextlib
import os
import re
import warnings
from collections.abc import Mapping
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyannote.audio.core.errors import AudioError, DataError, ToolkitError, UsageError
from pyannote.audio.core.labels import Event
from pyannote.audio.database.bounds import check_events, check_regions
from pyannote.audio.database.channels import find_audio
from pyannote.audio.database.known_protocols import known_protocols
from pyannote.audio.database.recording import Recording
from pyannote.audio.database.strict import UNCUT, store_uncut
from pyannote.audio.io import waveform
from pyannote.audio.io.lines import is_text, quoted

if TYPE_CHECKING:
    from pyannote.core import Annotation

LONGEST = 200
"""Largest length of the name of a protocol, in bytes."""


def find_protocol(name: str, templates: Mapping[str, str] | None) -> Any:
    """Protocol of a full name, whose files have `audio` and, if there is one, `annotation`.

    Parameters
    ----------
    name : str
        Full name, such as "TUT2017.SpeakerDiarization.MyProtocol".
    templates : mapping of str to str, optional
        The `preprocessors` of a configuration: a template such as "/data/{uri}.wav" for each key.

    Raises
    ------
    UsageError
        If there is no such protocol, or its name cannot name files.

    Examples
    --------
    >>> find_protocol("No.Such.Protocol", None)
    Traceback (most recent call last):
    pyannote.audio.core.errors.UsageError: There is no protocol 'No.Such.Protocol'. ...
    """
    registry = known_protocols()
    from pyannote.database import FileFinder

    known = sorted(registry)
    if name not in known:
        raise UsageError(f"There is no protocol {name!r}.", fix=_hint(name, known, registry.configs))
    _check_name(name)
    filled = {key: partial(_fill, template) for key, template in (templates or {}).items()}
    template = (templates or {}).get("audio")
    finder = FileFinder(registry=registry) if template is None else partial(_fill_values, template)
    found = {"audio": partial(find_audio, finder), "annotation": store_uncut}
    return registry.get_protocol(name, preprocessors={**filled, **found})


def _hint(name: str, known: list[str], configs: Mapping[Path, Any]) -> str:
    if not configs:
        return (
            "No database.yml was found: name it in PYANNOTE_DATABASE_CONFIG, or place it in the current "
            "folder or in ~/.pyannote."
        )
    close = get_close_matches(name, known, n=1, cutoff=0.4)
    hint = f"Did you mean {close[0]!r}? " if close else ""
    files = ", ".join(str(path) for path in configs)
    return f"{hint}The protocols of {files} are known; name other files in PYANNOTE_DATABASE_CONFIG."


def _check_name(name: str) -> None:
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


def _fill(template: str, file: Any) -> str:
    # only values that are already present: evaluating the lazy ones would call this preprocessor again
    return _fill_values(template, abs(file))


def _fill_values(template: str, values: Mapping[str, Any]) -> str:
    return template.format(**values)


def by_name(file: Any) -> tuple[str, str]:
    """Key by which files are sorted, so that batches and results do not depend on the order of a list.

    Examples
    --------
    >>> by_name({"database": "AMI", "uri": "ES2011a"})
    ('ES2011a', 'AMI')
    """
    return str(file["uri"]), str(file["database"])


def read_recording(file: Any, sources: Mapping[str, Path], annotated: bool) -> Recording:
    """Recording of a file of a protocol; annotation that slightly exceeds_end the end of the audio is cut.

    Parameters
    ----------
    file : ProtocolFile or mapping
        File of a protocol.
    sources : mapping of str to Path
        Files that `database.yml` names, for error messages (see `sources_of`).
    annotated : bool
        Whether the file must have an annotation.

    Returns
    -------
    recording : Recording
        With `regions` of shape (regions, 2) and `events` of shape (events, 3), in seconds.

    Raises
    ------
    AudioError
        If the audio is missing, empty or damaged.
    DataError
        If the annotation is missing, or exceeds_end the end of the audio by more than 0.1 s.

    Examples
    --------
    >>> import numpy as np, soundfile
    >>> path = getfixture("tmp_path") / "a.wav"
    >>> soundfile.write(path, np.zeros(4000), 8000)
    >>> file = read_recording({"uri": "a", "database": "D", "audio": path}, {}, annotated=False)
    >>> file["duration"], file["regions"], file["events"]
    (0.5, [(0.0, 0.5)], None)
    """
    uri = str(file["uri"])
    audio = audio_of(file)
    header = waveform.info(audio)
    duration = header.duration
    annotation = value_of(file, "annotation")
    if annotation is None and annotated:
        raise DataError(
            f"{uri} has no annotation.", file=sources.get("uri"), fix="Add `annotation:` to the protocol."
        )
    if annotation is not None:
        uncut = value_of(file, UNCUT)
        check_events(uri, annotation if uncut is None else uncut, duration, sources.get("annotation"))
    return Recording(
        uri=uri,
        database=str(file["database"]),
        audio=audio,
        duration=duration,
        regions=_regions(file, uri, duration, sources.get("annotated")),
        events=None if annotation is None else _events(annotation, duration),
        header=header,
        scope=value_of(file, "scope"),
    )


def _regions(file: Any, uri: str, duration: float, source: Path | None) -> list[tuple[float, float]]:
    timeline = value_of(file, "annotated")
    regions = (
        [(0.0, duration)] if timeline is None else [(part.start, part.end) for part in timeline.support()]
    )
    check_regions(uri, regions, duration, source)
    return [(start, min(end, duration)) for start, end in regions]


def _events(annotation: Annotation, duration: float) -> list[Event]:
    events = []
    for segment, _, label in annotation.itertracks(yield_label=True):
        # start + duration of an RTTM line has rounding errors, which would create one more segment
        onset, offset = max(0.0, round(segment.start, 3)), min(round(segment.end, 3), duration)
        # rounding may move an onset beyond the end
        events.append((min(onset, offset), offset, str(label)))
    return sorted(events)


def value_of(file: Any, key: str) -> Any:
    """Value of a file of a protocol, None where it has none.

    Raises
    ------
    DataError
        If pyannote.database cannot read it.

    Examples
    --------
    >>> value_of({"uri": "a", "scope": "file"}, "scope"), value_of({"uri": "a"}, "scope")
    ('file', None)
    """
    try:
        # pyannote.database warns that it cuts events outside of annotated regions
        with contextlib.suppress(KeyError), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return file[key]
    except ToolkitError:
        raise
    except Exception as error:
        found = f"The {key} of {quoted(file['uri'])} cannot be read ({error})."
        raise DataError(found, fix=f"Check `{key}:` in database.yml.") from error
    return None


def audio_of(file: Any) -> Path:
    """Audio of a file of a protocol: an audio file, or a channel of one.

    Raises
    ------
    AudioError
        If no file, or more than one, matches its path template.

    Examples
    --------
    >>> print(audio_of({"uri": "a", "audio": "/data/a.wav"}))
    /data/a.wav
    """
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


def scope_of(file: Any, protocol: str) -> str:
    """Prefix that makes labels of a file unique to a speaker: equal prefixed labels are equal speakers.

    Parameters
    ----------
    file : ProtocolFile or mapping
        File of a protocol; its `scope` is "file", "database" or "global".
    protocol : str
        Full name of the protocol.

    Examples
    --------
    >>> scope_of({"uri": "a", "scope": "file"}, "D.SpeakerDiarization.P")
    'a/'
    >>> scope_of({"uri": "a", "database": "D", "scope": "database"}, "X.SpeakerDiarization.Meta")
    'D/'
    """
    scope = value_of(file, "scope")
    if scope == "file":
        return f"{file['uri']}/"
    return f"{file['database']}/" if scope == "database" and protocol.startswith("X.") else ""


def with_scope(recording: Recording, scope: str) -> Recording:
    """Same recording, whose labels begin with a prefix; it is changed in place.

    Parameters
    ----------
    recording : Recording
        With `events` of shape (events, 3), or None.
    scope : str
        See `scope_of`.

    Examples
    --------
    >>> with_scope({"uri": "a", "events": [(0.0, 1.0, "ann")]}, "a/")["events"]
    [(0.0, 1.0, 'a/ann')]
    """
    events = recording["events"]
    if events is not None:
        recording["events"] = [(onset, offset, f"{scope}{label}") for onset, offset, label in events]
    return recording
