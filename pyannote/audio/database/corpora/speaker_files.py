"""Recordings of known speakers: folders of audio, data folders of Kaldi, and releases of Common Voice.

<folder>/<speaker>/**/*.wav                 folders below that of a speaker are sessions
<folder>/[dev/|test/](aac|wav)/<speaker>/   the same, as in VoxCeleb
<folder>/**/*.wav                           with a pattern, which finds speaker and session in the path
<folder>/wav.scp, utt2spk                   Kaldi, without segments
<folder>/validated.tsv, clips/              Common Voice
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from pyannote.audio.core.counted import counted
from pyannote.audio.core.errors import DataError
from pyannote.audio.database.corpora.annotated_file import absolute
from pyannote.audio.database.corpora.held_out_speakers import SpeakerSession
from pyannote.audio.database.corpora.own_data import find_audio
from pyannote.audio.database.corpora.unread_audio import unread_audio
from pyannote.audio.database.formats.base import ReadOptions, format_named
from pyannote.audio.database.name_patterns import compiled_pattern, matched_names

FORMATS = ("kaldi", "common_voice")
"""Formats of folders that name recordings and their speakers."""

OTHER_AUDIO = frozenset({".aac", ".m4a", ".mp4", ".sph", ".wma"})
"""Suffixes of audio in which speakers are published; some of them may be among those that are read."""

SPEAKER, SESSION = frozenset({"speaker"}), frozenset({"session"})
"""Groups of patterns."""

_VOXCELEB = re.compile("((dev|test)/)?(aac|wav)/")


@dataclass(frozen=True)
class SpeakerFiles:
    """Audio files with their speakers.

    Parameters
    ----------
    names : dict of Path to str
        Name of each audio file, with suffix, that its uri is made of: its path below the folder, or the name
        that a list gives it.
    sessions : dict of Path to SpeakerSession
        Speaker and session of each audio file; the session is empty where it is not known.
    left_out : Counter of str
        What was not used, in a few words, and how often.
    remarks : list of str
        How speakers were found, where that is not obvious.

    Examples
    --------
    >>> path = Path("/data/ann/monday/1.wav")
    >>> SpeakerFiles({path: "ann/monday/1.wav"}, {path: SpeakerSession("ann", "monday")}).counts()
    '1 recording of 1 speaker in 1 session'
    """

    names: dict[Path, str]
    sessions: dict[Path, SpeakerSession]
    left_out: Counter[str] = field(default_factory=Counter)
    remarks: list[str] = field(default_factory=list)

    def counts(self) -> str:
        """Numbers of recordings, speakers and sessions, in words."""
        found = set(self.sessions.values())
        speakers = counted(len({one.speaker for one in found}), "speaker")
        text = f"{counted(len(self.names), 'recording')} of {speakers}"
        if any(one.session for one in found):
            return f"{text} in {counted(len(found), 'session')}"
        return f"{text}, whose sessions are not known"


def find_speakers(folder: Path | str, output: Path | str, pattern: str | None = None) -> SpeakerFiles:
    """Find recordings of known speakers.

    Parameters
    ----------
    folder : path
        Folder of one of the forms above.
    output : path
        Folder of a database, whose links to audio are ignored.
    pattern : str, optional
        Regular expression with the named groups `speaker` and, optionally, `session`, that matches all of the
        path of a recording below the folder, without suffix; others are left out. In Kaldi and Common Voice,
        which know the speakers, it has the group `session` alone, and matches names of recordings.

    Raises
    ------
    UsageError
        If the pattern is not valid.
    DataError
        If there is no audio, no recording matches, or a list is wrong.

    Examples
    --------
    >>> folder = getfixture("tmp_path")
    >>> (folder / "id00012-singing-01-002.wav").touch()
    >>> found = find_speakers(folder, folder / "out", "(?P<speaker>[^-]+)-(?P<session>.+)-[0-9]+")
    >>> list(found.sessions.values())
    [SpeakerSession(speaker='id00012', session='singing-01')]
    """
    folder, output = absolute(folder), absolute(output)
    for name in FORMATS:
        if format_named(name).looks_right(folder):
            return _listed(folder, name, compiled_pattern(pattern, SESSION) if pattern else None)
    return _in_folders(folder, output, compiled_pattern(pattern, SPEAKER, SESSION) if pattern else None)


def _listed(folder: Path, name: str, pattern: re.Pattern[str] | None) -> SpeakerFiles:
    """Recordings of a format that names speakers."""
    known = format_named(name)
    reading = known.read(folder, "", ReadOptions())
    if reading.events:
        raise DataError(
            "The recordings are cut into segments, but each has to be one turn of one speaker.",
            file=reading.events[0].file,
            line=reading.events[0].line,
            fix="Extract the segments to files of their own.",
        )
    if not reading.tags:
        raise DataError("There are no recordings.", file=folder, fix="Check its lists and audio.")
    names = {reading.audio[tag.recording]: tag.recording for tag in reading.tags}
    sessions = {reading.audio[tag.recording]: SpeakerSession(tag.label, "") for tag in reading.tags}
    if pattern:
        groups = matched_names(names, pattern, reading.left_out, folder)
        sessions = {path: sessions[path]._replace(session=own["session"]) for path, own in groups.items()}
    return SpeakerFiles(
        {path: f"{names[path].removesuffix(path.suffix)}{path.suffix}" for path in sessions},
        sessions,
        reading.left_out,
        [f"{folder} is read as {known.about}.", *reading.remarks],
    )


def _in_folders(folder: Path, output: Path, pattern: re.Pattern[str] | None) -> SpeakerFiles:
    """Recordings whose paths tell the speaker."""
    left_out = unread_audio(folder)
    try:
        names = find_audio(folder, output)
    except DataError as error:
        if not left_out:
            raise
        text = ", ".join(f"{count} {what}" for what, count in left_out.items())
        raise DataError(f"{error.message} There are {text}.", file=folder, fix="Convert them.") from None
    if pattern:
        groups = matched_names(names, pattern, left_out, folder)
        sessions = {
            path: SpeakerSession(own["speaker"], own.get("session", "")) for path, own in groups.items()
        }
        return SpeakerFiles({path: names[path] for path in sessions}, sessions, left_out)
    remarks = []
    prefixes = [_VOXCELEB.match(name) for name in names.values()]
    if tops := sorted({prefix[0].rstrip("/") for prefix in prefixes if prefix}) if all(prefixes) else []:
        names = {path: _VOXCELEB.sub("", name, count=1) for path, name in names.items()}
        remarks = [f"The folders of speakers are those in {' and '.join(tops)}, as in VoxCeleb."]
    return SpeakerFiles(
        names, {path: speaker_session(path, name) for path, name in names.items()}, left_out, remarks
    )


def speaker_session(path: Path, name: str) -> SpeakerSession:
    """Speaker and session of a recording, from its path below the folder of all speakers.

    Parameters
    ----------
    path : Path
        Audio file, for the error message.
    name : str
        Its path below the folder.

    Raises
    ------
    DataError
        If it is not in the folder of a speaker.

    Examples
    --------
    >>> speaker_session(Path("/data/ann/monday/1.wav"), "ann/monday/1.wav")
    SpeakerSession(speaker='ann', session='monday')
    """
    speaker, *session = Path(name).parent.parts or ("",)
    if not speaker:
        raise DataError(
            "The file is not in the folder of a speaker.",
            file=path,
            fix="Move it into one; or say with --pattern how its name tells the speaker.",
        )
    return SpeakerSession(speaker, "/".join(session))
