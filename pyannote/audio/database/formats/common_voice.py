"""Releases of Common Voice, a language each.

    <folder>/validated.tsv      columns client_id, path and others; or train.tsv, dev.tsv and test.tsv
    <folder>/clips/             audio

A clip is tagged with its speaker, `client_id`. The lists of train, dev and test are read as subsets. Clips
that were not validated (`invalidated.tsv`, `other.tsv`) are not read. A single tsv file is read as it is.

References
----------
R. Ardila et al., "Common Voice: a massively-multilingual speech corpus", LREC, 2020.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from pyannote.audio.core.errors import DataError
from pyannote.audio.database.formats._lines import first_lines, lines_of
from pyannote.audio.database.formats.base import Format, Reading, ReadOptions, Tag
from pyannote.audio.io.lines import quoted
from pyannote.audio.io.paths import is_file

SUBSETS = {"train.tsv": "train", "dev.tsv": "development", "test.tsv": "test"}
UNREAD = ("invalidated.tsv", "other.tsv")
CLIPS = "A clip is read as a recording of its speaker (client_id) alone."


def read(path: Path, recording: str, options: ReadOptions) -> Reading:
    """Read a folder, or one of its lists."""
    folder = path if path.is_dir() else path.parent
    files = [path]
    if path.is_dir():
        files = [path / name for name in ("validated.tsv", *SUBSETS) if (path / name).is_file()]
    if not files:
        found = "There is neither validated.tsv nor train.tsv, dev.tsv or test.tsv in this folder."
        raise DataError(found, file=path, fix="Give the folder of a language.")
    reading = Reading(remarks=[CLIPS])
    if unread := [name for name in UNREAD if path.is_dir() and (path / name).is_file()]:
        reading.remarks.append(f"Lists that are not read: {', '.join(unread)}.")
    speakers: dict[str, str] = {}
    missing: dict[str, None] = {}
    for file in files:
        for line, speaker, clip in _rows(file, reading):
            if speakers.setdefault(clip, speaker) != speaker:
                found = f"{quoted(clip)} has another speaker in another line."
                raise DataError(found, file=file, line=line, fix="Correct one of them.")
            if not is_file(folder / "clips" / clip):
                missing[clip] = None
                continue
            if clip not in reading.named:
                reading.name(clip, file, line)
                reading.tags.append(Tag(clip, speaker, file, line))
                reading.audio[clip] = folder / "clips" / clip
            _note_subset(clip, file, line, reading)
    if missing:
        reading.left_out[f"clips without audio, such as {next(iter(missing))}"] += len(missing)
    return reading


def _note_subset(clip: str, file: Path, line: int, reading: Reading) -> None:
    subset = SUBSETS.get(file.name)
    if subset and reading.subsets.setdefault(clip, subset) != subset:
        found = f"{quoted(clip)} is in {subset} and in {reading.subsets[clip]}."
        raise DataError(found, file=file, line=line, fix="Keep it in one of the lists.")


def _rows(file: Path, reading: Reading) -> Iterator[tuple[int, str, str]]:
    """Line, speaker and clip of each row of a list."""
    lines = lines_of(file, reading)
    number, header = next(lines, (1, ""))
    names = header.split("\t")
    if not {"client_id", "path"} <= set(names):
        found = "The first line does not name the columns client_id and path."
        raise DataError(found, file=file, line=number, fix="Give a list of Common Voice.")
    for line, text in lines:
        columns = text.split("\t")
        if len(columns) != len(names):
            found = f"Found {len(columns)} columns where the first line has {len(names)}."
            raise DataError(found, file=file, line=line, fix="Get the file again.")
        speaker, clip = columns[names.index("client_id")].strip(), columns[names.index("path")].strip()
        if not speaker:
            raise DataError("The client_id is missing.", file=file, line=line, fix="Write it.")
        if not clip or PurePosixPath(clip).name != clip:
            found = f"{quoted(clip)} is not the name of a clip."
            raise DataError(found, file=file, line=line, fix="Correct the column path.")
        yield line, speaker, clip


def looks_right(path: Path) -> bool:
    """Whether a folder has a list whose first line names the columns of Common Voice."""
    headers = [first_lines(path / name, 1) for name in ("validated.tsv", *SUBSETS)]
    return any({"client_id", "path"} <= set(header[0].split("\t")) for header in headers if header)


FORMAT = Format("release of Common Voice", (), read, looks_right, of_folders=True)
