"""Preparation of VoxCeleb1 as a database of pyannote.database.

    <root>/dev/wav/<speaker>/<video>/<number>.wav
    <root>/test/wav/<speaker>/<video>/<number>.wav
    <root>/veri_test.txt                        `1|0 file file`; or its cleaned form veri_test2.txt
    <root>/list_test_all.txt                    optional, like list_test_hard.txt; or their cleaned forms

The uri of a recording is `<speaker>/<video>/<number>`; the whole recording is one turn of its speaker. The
protocols, each both `VoxCeleb.SpeakerVerification.<Protocol>` and `VoxCeleb.SpeakerDiarization.<Protocol>`:

* `VoxCeleb1`: test is the official list of trials between speakers of `test/`; train is `dev/` without
  some speakers whose trials, between different videos, are development.
* `VoxCeleb1_E` and `VoxCeleb1_H`, if their lists are present: only test, with all speakers. They are meant
  for models that were trained on speakers outside of VoxCeleb1.

References
----------
A. Nagrani, J. S. Chung, A. Zisserman, "VoxCeleb: a large-scale speaker identification dataset", Interspeech,
2017.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from pyannote.audio.core.errors import DataError, UsageError
from pyannote.audio.core.progress import Progress, silent
from pyannote.audio.database.corpora.annotated_file import absolute
from pyannote.audio.database.corpora.held_out_speakers import (
    SpeakerSession,
    balanced_trials,
    check_draw,
    draw_speakers,
)
from pyannote.audio.database.corpora.locations import name_recordings
from pyannote.audio.database.corpora.own_data import find_audio
from pyannote.audio.database.corpora.speaker_files import speaker_session
from pyannote.audio.database.corpora.speakers import single_turn_recordings
from pyannote.audio.database.corpora.writing import write_database
from pyannote.audio.database.trial_lists import Trial, read_trials

DATABASE = "VoxCeleb"
OFFICIAL = ("veri_test.txt", "veri_test2.txt")
"""Lists of the trials of VoxCeleb1, by preference."""
LARGER = {
    "VoxCeleb1_E": ("list_test_all.txt", "list_test_all2.txt"),
    "VoxCeleb1_H": ("list_test_hard.txt", "list_test_hard2.txt"),
}
"""Lists of the trials of protocols with all speakers, by preference."""


def prepare(
    root: Path | str,
    output: Path | str,
    *,
    official: Path | str | None = None,
    development: int = 40,
    trials: int = 20_000,
    seed: int = 0,
    progress: Progress = silent,
) -> Path:
    r"""Write RTTM, UEM, LST, trials and database.yml for VoxCeleb1.

    Parameters
    ----------
    root : path
        Folder with `dev/` and `test/`, one of which may be missing.
    output : path
        Folder to write to, as `pyannote.audio.database.corpora.writing` explains.
    official : path, optional
        List of the trials of test; defaults to `veri_test.txt` or `veri_test2.txt` in `root`.
    development : int, optional
        Number of speakers of `dev/` to hold out for development, 2 or more, or 0 for none.
    trials : int, optional
        Number of trials to draw for development.
    seed : int, optional
        The same data and seed give the same development subset.
    progress : Progress, optional
        Called with the recordings.

    Returns
    -------
    path : Path
        The file `database.yml`.

    Raises
    ------
    UsageError
        If numbers are not allowed.
    DataError
        If there is no audio or no list of trials, a list names an unknown file, or audio is damaged.
    StorageError
        If `output` cannot be written.

    Examples
    --------
    >>> import numpy as np, soundfile
    >>> folder = getfixture("tmp_path")
    >>> for name in ("id1/x/1.wav", "id1/y/1.wav", "id2/x/1.wav"):
    ...     path = folder / "test" / "wav" / name
    ...     path.parent.mkdir(parents=True)
    ...     soundfile.write(path, np.zeros(800), 8000)
    >>> _ = (folder / "veri_test.txt").write_text("1 id1/x/1.wav id1/y/1.wav\n0 id1/x/1.wav id2/x/1.wav\n")
    >>> path = prepare(folder, folder / "out")
    >>> (folder / "out" / "lists" / "VoxCeleb1.test.trials").read_text().splitlines()
    ['1 id1/x/1 id1/y/1', '0 id1/x/1 id2/x/1']
    """
    check_draw({}, trials, seed)
    if development < 0:
        raise UsageError(f"{development} speakers cannot be held out.", fix="Use 2 or more, or 0 for none.")
    root = absolute(root)
    sides = {side: _find(root / side / "wav", absolute(output)) for side in ("dev", "test")}
    uris = {path: uri for side in sides.values() for path, uri in side.items()}
    if not uris:
        raise DataError(
            "There is no audio in dev/wav or test/wav.",
            file=root,
            fix="Give the folder with dev/ and test/; audio in m4a must be converted to wav first.",
        )
    sessions = {uri: speaker_session(path, f"{uri}{path.suffix}") for path, uri in uris.items()}
    subsets: dict[str, dict[str, list[str]]] = {"VoxCeleb1": {}}
    drawn: dict[str, dict[str, list[Trial]]] = {"VoxCeleb1": {}}
    if train := list(sides["dev"].values()):
        subsets["VoxCeleb1"]["train"] = train
        if development:
            train, held_out = draw_speakers(train, sessions, development, seed)
            subsets["VoxCeleb1"] |= {"train": train, "development": held_out}
            drawn["VoxCeleb1"]["development"] = balanced_trials(_of(sessions, held_out), trials, seed)
    if sides["test"]:
        drawn["VoxCeleb1"]["test"] = _official_trials(root, official, sides["test"].values())
        subsets["VoxCeleb1"]["test"] = list(sides["test"].values())
    for protocol, names in LARGER.items():
        if path := _listed(root, names):
            listed = read_trials(path, {uri: uri for uri in sessions})
            drawn[protocol] = {"test": listed}
            subsets[protocol] = {"test": list(dict.fromkeys(uri for trial in listed for uri in trial[1:]))}
    return write_database(output, DATABASE, single_turn_recordings(uris, sessions, progress), subsets, drawn)


def _official_trials(root: Path, official: Path | str | None, uris: Iterable[str]) -> list[Trial]:
    """Trials of the official list of test."""
    path = absolute(official) if official else _listed(root, OFFICIAL)
    if path is None:
        raise DataError("There is no list of trials.", file=root, fix=f"Put {' or '.join(OFFICIAL)} there.")
    return read_trials(path, {uri: uri for uri in uris})


def listed_trials(root: Path, official: Path | str | None = None) -> list[Path]:
    """Lists of trials that are read, if there is audio for them.

    Parameters
    ----------
    root : Path
        Folder with `dev/` and `test/`, as an absolute path.
    official : path, optional
        List of the trials of test.

    Returns
    -------
    paths : list of Path, shape (lists,)

    Examples
    --------
    >>> folder = getfixture("tmp_path")
    >>> (folder / "veri_test.txt").touch()
    >>> [path.name for path in listed_trials(folder)]
    ['veri_test.txt']
    """
    test = absolute(official) if official else _listed(root, OFFICIAL)
    return [path for path in (test, *(_listed(root, names) for names in LARGER.values())) if path]


def _find(folder: Path, output: Path) -> dict[Path, str]:
    if not folder.is_dir():
        return {}
    return name_recordings(find_audio(folder, output), by_path=True)


def _listed(root: Path, names: tuple[str, ...]) -> Path | None:
    return next((root / name for name in names if (root / name).is_file()), None)


def _of(sessions: Mapping[str, SpeakerSession], uris: list[str]) -> dict[str, SpeakerSession]:
    return {uri: sessions[uri] for uri in uris}
