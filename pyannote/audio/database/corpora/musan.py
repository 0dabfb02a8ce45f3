"""Preparation of MUSAN, or of any folders of sounds, as collections of pyannote.database.

    musan/{music,noise,speech}/<source>/*.wav

The uri of a file is its path below the top folder, without suffix, such as
`noise/free-sound/noise-free-sound-0000`. The collections of MUSAN are
`MUSAN.Collection.BackgroundNoise` (its noise), `MUSAN.Collection.Music` and `MUSAN.Collection.Speech`.

References
----------
D. Snyder, G. Chen, D. Povey, "MUSAN: a music, speech, and noise corpus", arXiv:1510.08484, 2015.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pyannote.audio.core.errors import DataError
from pyannote.audio.core.progress import Progress, silent
from pyannote.audio.database.corpora.annotated_file import absolute, audio_duration
from pyannote.audio.database.corpora.locations import name_recordings
from pyannote.audio.database.corpora.own_data import check_names, find_audio
from pyannote.audio.database.corpora.writing import database_folder, write_config
from pyannote.audio.io.rttm_writer import write_lst

MUSAN = {"BackgroundNoise": "noise", "Music": "music", "Speech": "speech"}
"""Folder of each collection of MUSAN."""


def prepare(
    root: Path | str,
    output: Path | str,
    *,
    name: str = "MUSAN",
    collections: Mapping[str, str] | None = None,
    progress: Progress = silent,
) -> Path:
    """Write lists and database.yml for collections of sounds.

    Parameters
    ----------
    root : path
        Top folder.
    output : path
        Folder to write to, as `pyannote.audio.database.corpora.writing` explains; there is no annotation.
    name : str, optional
        Name of the database.
    collections : mapping of str to str, optional
        Folder below `root` of each collection, "." for `root` itself; defaults to those of MUSAN.
    progress : Progress, optional
        Called with the recordings.

    Returns
    -------
    path : Path
        The file `database.yml`.

    Raises
    ------
    UsageError
        If a name is not allowed.
    DataError
        If a folder is missing or holds no audio, or an audio file is damaged.
    StorageError
        If `output` cannot be written.

    Examples
    --------
    >>> import numpy as np, soundfile
    >>> folder = getfixture("tmp_path")
    >>> (folder / "sounds" / "rain").mkdir(parents=True)
    >>> soundfile.write(folder / "sounds" / "rain" / "1.wav", np.zeros(8000), 8000)
    >>> path = prepare(folder / "sounds", folder / "out", name="Weather", collections={"Rain": "rain"})
    >>> (folder / "out" / "lists" / "Rain.lst").read_text().split()
    ['rain/1']
    """
    root, output = absolute(root), database_folder(output)
    folders = dict(MUSAN if collections is None else collections)
    check_names(name, *folders)
    files_of = {collection: _find(root, folder, output) for collection, folder in folders.items()}
    uris = name_recordings(
        {path: file for files in files_of.values() for path, file in files.items()}, by_path=True
    )
    for path in progress(uris, total=len(uris), description="recordings"):
        audio_duration(path)
    tasks = {}
    for collection, files in files_of.items():
        lst = output / "lists" / f"{collection}.lst"
        write_lst(lst, [uris[path] for path in files])
        tasks[collection] = {"uri": str(lst)}
    return write_config(output, name, {uri: path for path, uri in uris.items()}, {"Collection": tasks})


def _find(root: Path, folder: str, output: Path) -> dict[Path, str]:
    """Audio files in a folder below `root`, and their paths from `root`."""
    if not (root / folder).is_dir():
        raise DataError("There is no such folder.", file=root / folder, fix="Check the path.")
    return {path: path.relative_to(root).as_posix() for path in find_audio(absolute(root / folder), output)}
