"""Folders of clips, one for each class.

    <folder>/<label>/*.wav          of any suffix in `io.waveform.SUFFIXES`

The audio folder is the annotation: a clip is tagged with the name of its folder.
"""

from __future__ import annotations

from pathlib import Path

from pyannote.audio.core.errors import DataError
from pyannote.audio.database.formats.base import Format, Reading, ReadOptions, Tag, claims_nothing
from pyannote.audio.io.waveform import SUFFIXES


def read(path: Path, recording: str, options: ReadOptions) -> Reading:
    """Read the names of folders as labels."""
    if not path.is_dir():
        raise DataError("This is no folder.", file=path, fix="Give the folder of the clips.")
    reading = Reading(remarks=["The label of a clip is the name of its folder."])
    alone = []
    for file in _audio(path):
        name, *folders = reversed(file.relative_to(path).parts)
        if not folders:
            alone.append(name)
        elif len(folders) > 1:
            raise DataError(
                "The clip is in a folder within a folder, either of which may be its label.",
                file=file,
                fix="Put the clips of a class into one folder, named after the class.",
            )
        else:
            clip = f"{folders[0]}/{name}"
            reading.name(clip, file, 1)
            reading.tags.append(Tag(clip, folders[0], file, 1))
    if alone:
        reading.left_out[f"clips that are in no folder of a class, such as {alone[0]}"] += len(alone)
    if not reading.tags:
        found = "There are no clips in folders below this one."
        raise DataError(found, file=path, fix="Put the clips of each class into a folder.")
    return reading


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
