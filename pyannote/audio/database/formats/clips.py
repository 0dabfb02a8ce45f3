"""Folders of clips, one for each class.

    <folder>/<label>/*.wav          of any suffix in `io.waveform.SUFFIXES`

The audio folder is the annotation: a clip is tagged with the name of its folder. With a pattern, it is tagged
with the speaker that the pattern finds in its path, in folders of any depth.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from pyannote.audio.core.errors import DataError
from pyannote.audio.database.formats.base import Format, Reading, ReadOptions, Tag, claims_nothing
from pyannote.audio.database.name_patterns import compiled_pattern, matched_names
from pyannote.audio.io.waveform import SUFFIXES


def read(path: Path, recording: str, options: ReadOptions) -> Reading:
    """Read labels of clips from their paths."""
    if not path.is_dir():
        raise DataError("This is no folder.", file=path, fix="Give the folder of the clips.")
    reading = Reading()
    names = {file: file.relative_to(path).as_posix() for file in _audio(path)}
    if options.pattern is None:
        labels = _folders(names, reading)
    else:
        pattern = compiled_pattern(options.pattern, frozenset({"speaker"}), frozenset({"session"}))
        groups = matched_names(names, pattern, reading.left_out, path) if names else {}
        labels = {file: found["speaker"] for file, found in groups.items()}
        reading.remarks.append("The label of a clip is the speaker that --pattern finds in its path.")
    if not labels:
        found = "There are no clips in folders below this one."
        raise DataError(found, file=path, fix="Put the clips of each class into a folder.")
    for file, label in labels.items():
        reading.name(names[file], file, 1)
        reading.tags.append(Tag(names[file], label, file, 1))
    return reading


def _folders(names: Mapping[Path, str], reading: Reading) -> dict[Path, str]:
    """Folder of each clip that is in one; others are counted."""
    reading.remarks.append("The label of a clip is the name of its folder.")
    folders = {file: PurePosixPath(name).parts[:-1] for file, name in names.items()}
    for file, parts in folders.items():
        if len(parts) > 1:
            raise DataError(
                "The clip is in a folder within a folder, either of which may be its label.",
                file=file,
                fix="Put the clips of a class into one folder, named after the class.",
            )
    if alone := [file.name for file, parts in folders.items() if not parts]:
        reading.left_out[f"clips that are in no folder of a class, such as {alone[0]}"] += len(alone)
    return {file: parts[0] for file, parts in folders.items() if parts}


def _audio(folder: Path) -> list[Path]:
    """Audio below a folder, without the links of a database that is there, too."""
    databases = {file.parent / "audio" for file in folder.rglob("database.yml")}
    return sorted(
        file
        for file in folder.rglob("*")
        if file.suffix.lower() in SUFFIXES
        # macOS writes a hidden companion beside each file that it copies to other disks
        and not file.name.startswith(".")
        and file.is_file()
        and not databases & set(file.parents)
    )


FORMAT = Format("folder of clips for each class", (), read, claims_nothing, of_folders=True)
