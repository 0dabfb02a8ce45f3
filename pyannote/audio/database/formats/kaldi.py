"""Data folders of Kaldi.

    wav.scp     recording path
    utt2spk     utterance speaker           or spk2utt: speaker utterance utterance ...
    segments    utterance recording start end           optional; an end of -1 is that of the recording
    reco2dur    recording duration                      needed for ends of -1 only

Utterances are turns of their speakers. Without `segments`, an utterance is a recording, all of which is one
turn: such a recording is tagged with its speaker. A path is that of an audio file, from the current folder or
from the data folder; commands (`sph2pipe ... |`) and positions in archives (`a.ark:17`) are refused. Other
files are not read.

References
----------
Kaldi documentation, "Data preparation", https://kaldi-asr.org/doc/data_prep.html.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from pyannote.audio.core.errors import DataError
from pyannote.audio.database.formats._lines import lines_of, unreadable
from pyannote.audio.database.formats.base import Format, Reading, ReadOptions, Tag
from pyannote.audio.io.lines import AnnotatedEvent, Place, parse_segment, quoted
from pyannote.audio.io.paths import is_file

TURNS = "All of each recording is one turn of its speaker: there is no file `segments`."


class _Entry(NamedTuple):
    """Value of a line of a table, and where it is."""

    value: str
    at: Place


def read(path: Path, recording: str, options: ReadOptions) -> Reading:
    """Read a data folder; starts and ends of segments are in seconds."""
    reading = Reading()
    audio = _audio(path, reading)
    speakers = _speakers(path, reading)
    if (path / "segments").is_file():
        _read_segments(path, audio, speakers, reading)
    else:
        _read_recordings(audio, speakers, reading)
    for name in reading.named:
        reading.audio[name] = Path(audio[name].value)
    reading.remarks += _remarks(path, speakers)
    if unused := len(audio) - len(reading.named):
        reading.left_out["recordings of wav.scp without segments"] += unused
    return reading


def _remarks(folder: Path, speakers: dict[str, _Entry]) -> list[str]:
    remarks = []
    if len(speakers) > 1 and len({entry.value for entry in speakers.values()}) == len(speakers):
        remarks.append("Each utterance has a speaker of its own, as where the speakers are not known.")
    if others := sorted(file.name for file in folder.iterdir() if file.name.endswith(("rttm", "ctm", "stm"))):
        remarks.append(f"Files that are not read: {', '.join(others)}. Give such a file itself to read it.")
    return remarks


def _table(file: Path, expected: str, reading: Reading) -> dict[str, _Entry]:
    """Rest of each line by its first column."""
    table: dict[str, _Entry] = {}
    for line, text in lines_of(file, reading):
        key, *rest = text.split(maxsplit=1)
        if not rest:
            raise unreadable(file, line, expected)
        if key in table:
            found = f"{quoted(key)} is in line {table[key].at.line}, too."
            raise DataError(found, file=file, line=line, fix="Remove one of the lines.")
        table[key] = _Entry(rest[0].strip(), Place(file, line))
    return table


def _audio(folder: Path, reading: Reading) -> dict[str, _Entry]:
    """Absolute path of each recording of wav.scp."""
    audio: dict[str, _Entry] = {}
    recording_of: dict[str, str] = {}
    for recording, (written, at) in _table(folder / "wav.scp", "recording path", reading).items():
        path = _audio_file(written, at)
        other = recording_of.setdefault(str(path.resolve()), recording)
        if other != recording:
            raise _refused(
                at, f"{quoted(recording)} and {quoted(other)} are the same file.", "Give each its own."
            )
        audio[recording] = _Entry(str(path), at)
    return audio


def _audio_file(written: str, at: Place) -> Path:
    if written.endswith("|"):
        raise _refused(
            at,
            f"{quoted(written)} is a command, which is not run.",
            "Run it, save its output as wav or flac, and write the path of that file.",
        )
    if re.search(r":[0-9]+(\[[^\]]*\])?$", written):
        raise _refused(
            at,
            f"{quoted(written)} is a position in an archive, which is not read.",
            "Copy the archive to files, such as with wav-copy, and write their paths.",
        )
    paths = (folder / written for folder in (Path.cwd(), at.file.parent.absolute()))
    found = {path.resolve(): path for path in paths if is_file(path)}
    if len(found) != 1:
        what = f"{' and '.join(map(str, found.values()))} are both {quoted(written)}"
        what = what if found else f"There is no audio file {quoted(written)}"
        raise _refused(at, f"{what}.", "Write its absolute path.")
    return next(iter(found.values()))


def _speakers(folder: Path, reading: Reading) -> dict[str, _Entry]:
    """Speaker of each utterance, from one of two files; if both are there, they must agree."""
    tables = []
    if (folder / "utt2spk").is_file():
        tables.append(_table(folder / "utt2spk", "utterance speaker", reading))
        for speaker, at in tables[0].values():
            if len(speaker.split()) != 1:
                raise unreadable(at.file, at.line, "utterance speaker")
    if (folder / "spk2utt").is_file():
        tables.append(_inverted(_table(folder / "spk2utt", "speaker utterance utterance ...", reading)))
    if not tables:
        found = "There is neither utt2spk nor spk2utt in this folder."
        raise DataError(found, file=folder, fix="Add one, which names the speaker of each utterance.")
    first, last = tables[0], tables[-1]
    for utterance in [*first, *last]:
        one, other = first.get(utterance), last.get(utterance)
        if one is None or other is None or one.value != other.value:
            at = (other or one or first[utterance]).at
            raise _refused(
                at,
                f"The speaker of {quoted(utterance)} is not the same in utt2spk and spk2utt.",
                "Correct one of the files, or remove it.",
            )
    return first


def _inverted(utterances: dict[str, _Entry]) -> dict[str, _Entry]:
    speakers: dict[str, _Entry] = {}
    for speaker, (names, at) in utterances.items():
        for utterance in names.split():
            if utterance in speakers:
                raise _refused(at, f"{quoted(utterance)} has two speakers or is doubled.", "Keep one.")
            speakers[utterance] = _Entry(speaker, at)
    return speakers


def _read_recordings(audio: dict[str, _Entry], speakers: dict[str, _Entry], reading: Reading) -> None:
    """Tag each recording with its speaker."""
    for utterance, (_, at) in speakers.items():
        if utterance not in audio:
            raise _refused(at, f"{quoted(utterance)} is not in wav.scp.", "Add it there, or remove it here.")
    for recording, (_, at) in audio.items():
        if recording not in speakers:
            raise _refused(
                at, f"{quoted(recording)} has no speaker.", "Add it to utt2spk, or remove it here."
            )
        reading.name(recording, at.file, at.line)
        reading.tags.append(Tag(recording, speakers[recording].value, at.file, at.line))
    reading.remarks.append(TURNS)


def _read_segments(
    folder: Path, audio: dict[str, _Entry], speakers: dict[str, _Entry], reading: Reading
) -> None:
    """Add each segment as an event."""
    expected = "utterance recording start end"
    segments = _table(folder / "segments", expected, reading)
    durations: dict[str, _Entry] = {}
    if (folder / "reco2dur").is_file():
        durations = _table(folder / "reco2dur", "recording duration", reading)
    for utterance, (_, at) in speakers.items():
        if utterance not in segments:
            raise _refused(at, f"{quoted(utterance)} is not in segments.", "Add it there, or remove it here.")
    for utterance, recording, start, end, at in _split(segments, expected):
        if utterance not in speakers:
            raise _refused(
                at, f"{quoted(utterance)} has no speaker.", "Add it to utt2spk, or remove it here."
            )
        if recording not in audio:
            raise _refused(at, f"{quoted(recording)} is not in wav.scp.", "Add it there, or remove it here.")
        if re.fullmatch(r"-1(\.0*)?", end):
            if recording not in durations:
                fix = "Write the end in seconds, or the duration of the recording into reco2dur."
                raise _refused(at, f"The end {end} is that of the recording, which is not known.", fix)
            end = durations[recording].value
        segment = parse_segment(start, end, file=at.file, line=at.line, empty=True)
        reading.add(AnnotatedEvent(recording, segment, speakers[utterance].value, at.file, at.line))


def _split(segments: dict[str, _Entry], expected: str) -> Iterator[tuple[str, str, str, str, Place]]:
    for utterance, (text, at) in segments.items():
        columns = text.split()
        if len(columns) != 3:
            raise unreadable(at.file, at.line, expected)
        yield utterance, columns[0], columns[1], columns[2], at


def _refused(at: Place, message: str, fix: str) -> DataError:
    return DataError(message, file=at.file, line=at.line, fix=fix)


def looks_right(path: Path) -> bool:
    """Whether a folder has lists of recordings and of speakers."""
    return (path / "wav.scp").is_file() and any((path / name).is_file() for name in ("utt2spk", "spk2utt"))


FORMAT = Format("data folder (Kaldi)", (), read, looks_right, of_folders=True)
