"""Preparation of recordings of one speaker each as a database of pyannote.database.

    <folder>/<speaker>/**/*.wav         of any suffix in `io.waveform.SUFFIXES`

`pyannote.audio.database.corpora.speaker_files` describes other forms. The uri of a recording is its path
below the folder; the whole recording is one turn of its speaker. Folders below that of a speaker are
sessions: the two recordings of a drawn target trial come from different ones.
Subsets have no speakers in common, because embeddings are used for unknown speakers. The protocol is named
both `<Name>.SpeakerVerification.<Protocol>` (with trials of development and test) and
`<Name>.SpeakerDiarization.<Protocol>`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from pyannote.core import Segment

from pyannote.audio.core.errors import DataError
from pyannote.audio.core.progress import Progress, silent
from pyannote.audio.database.corpora.annotated_file import AnnotatedFile, absolute, audio_duration
from pyannote.audio.database.corpora.held_out_speakers import (
    SpeakerSession,
    balanced_trials,
    check_draw,
    draw_speakers,
)
from pyannote.audio.database.corpora.locations import name_recordings
from pyannote.audio.database.corpora.own_data import check_names
from pyannote.audio.database.corpora.speaker_files import SpeakerFiles, find_speakers
from pyannote.audio.database.corpora.splits import listed
from pyannote.audio.database.corpora.writing import write_database
from pyannote.audio.database.trial_lists import Trial, read_names, read_trials, uris_by_path_end
from pyannote.audio.io.lines import AnnotatedEvent


class Lists(NamedTuple):
    """Files that list train, test and the trials of test; those that are None are drawn.

    Examples
    --------
    >>> Lists(test=Path("test.lst")).train is None
    True
    """

    train: Path | None = None
    test: Path | None = None
    trials: Path | None = None


def prepare(
    source: Path | str | SpeakerFiles,
    output: Path | str,
    *,
    name: str = "Own",
    protocol: str = "Protocol",
    lists: Lists | None = None,
    development: float = 0.2,
    test: float = 0.2,
    trials: int = 10_000,
    seed: int = 0,
    redraw: bool = False,
    progress: Progress = silent,
) -> Path:
    """Write RTTM, UEM, LST, trials and database.yml for recordings of known speakers.

    Parameters
    ----------
    source : path or SpeakerFiles
        Folder with one folder for each speaker, or what `find_speakers` has found; recordings that are in no
        subset are counted in its `left_out`.
    output : path
        Folder to write to, as `pyannote.audio.database.corpora.writing` explains.
    name, protocol : str, optional
        Names of database and protocol.
    lists : Lists, optional
        Lists of the files of train and of test, and the trials of test (`1|0 file file`). A file is named by
        its path, or any end of it that no other file shares. Without `test`, the files in `trials` are test;
        without both, all speakers that are not in `train`; without all three, test speakers are drawn.
        Without `train`, all speakers that are not in test are train.
    development, test : float, optional
        Share of the train speakers held out for development, and of all speakers for test if there is no
        list, in [0, 1); 0 for none.
    trials : int, optional
        Number of trials to draw for development, and for test if there is no list of them.
    seed : int, optional
        The same data and seed give the same subsets and trials.
    redraw : bool, optional
        Whether speakers that are in lists of `output` are drawn again. Otherwise they keep their subsets.
    progress : Progress, optional
        Called with the recordings.

    Returns
    -------
    path : Path
        The file `database.yml`.

    Raises
    ------
    UsageError
        If names, shares or numbers are not allowed.
    DataError
        If a recording is damaged or not in the folder of a speaker, a list names an unknown file, a speaker
        is in train and test, or there are too few speakers.
    StorageError
        If `output` cannot be written.

    Examples
    --------
    >>> import numpy as np, soundfile
    >>> folder = getfixture("tmp_path")
    >>> for speaker in ("ann", "bob", "eve", "joe"):
    ...     (folder / "audio" / speaker).mkdir(parents=True)
    ...     for number in (1, 2):
    ...         soundfile.write(folder / "audio" / speaker / f"{number}.wav", np.zeros(800), 8000)
    >>> path = prepare(folder / "audio", folder / "out", development=0, test=0.5, trials=4)
    >>> len((folder / "out" / "lists" / "Protocol.test.trials").read_text().splitlines())
    4
    """
    check_names(name, protocol)
    check_draw({"development": development, "test": test}, trials, seed)
    found = source if isinstance(source, SpeakerFiles) else find_speakers(source, output)
    uris = name_recordings(found.names, by_path=True)
    sessions = {uri: found.sessions[path] for path, uri in uris.items()}
    lists = lists or Lists()
    uris_by_name = uris_by_path_end(uris) if any(lists) else {}
    kept = {} if redraw else _kept(absolute(output), protocol, sessions)
    train, tested, official = _sides(sessions, uris_by_name, lists, test, seed, kept)
    subsets = {"train": train}
    if development:
        subsets["train"], subsets["development"] = _hold_out(
            "development", train, sessions, development, seed, kept
        )
    drawn = {"development": _draw(subsets["development"], sessions, trials, seed)} if development else {}
    if tested:
        subsets["test"], drawn["test"] = tested, official or _draw(tested, sessions, trials, seed)
    used = {uri for subset in subsets.values() for uri in subset}
    if unused := len(uris) - len(used):
        found.left_out["recordings that are in no subset"] = unused
    recordings = single_turn_recordings(
        {path: uri for path, uri in uris.items() if uri in used}, sessions, progress
    )
    return write_database(output, name, recordings, {protocol: subsets}, {protocol: drawn})


def single_turn_recordings(
    uris: Mapping[Path, str], sessions: Mapping[str, SpeakerSession], progress: Progress
) -> list[AnnotatedFile]:
    """Recordings annotated as one turn of their speaker.

    Parameters
    ----------
    uris : mapping of Path to str
        Uri of each audio file.
    sessions : mapping of str to SpeakerSession
        Speaker of each uri.
    progress : Progress
        Called with the recordings.

    Returns
    -------
    recordings : list of AnnotatedFile, shape (recordings,)

    Examples
    --------
    >>> import numpy as np, soundfile
    >>> path = getfixture("tmp_path") / "1.wav"
    >>> soundfile.write(path, np.zeros(4000), 8000)
    >>> (recording,) = single_turn_recordings({path: "ann/1"}, {"ann/1": SpeakerSession("ann", "")}, silent)
    >>> recording.seconds()
    {'ann': 0.5}
    """
    recordings = []
    for path, uri in progress(uris.items(), total=len(uris), description="recordings"):
        duration = audio_duration(path)
        event = AnnotatedEvent(uri, Segment(0, duration), sessions[uri].speaker, path, 0)
        recordings.append(AnnotatedFile(uri, path, duration, [event]))
    return recordings


def _sides(
    sessions: Mapping[str, SpeakerSession],
    uris_by_name: Mapping[str, str],
    lists: Lists,
    test: float,
    seed: int,
    kept: Mapping[str, str],
) -> tuple[list[str], list[str], list[Trial] | None]:
    """Recordings of train and test, and the trials of a list, if there is one."""
    official = None
    train = read_names(lists.train, uris_by_name) if lists.train else list(sessions)
    tested = read_names(lists.test, uris_by_name) if lists.test else []
    if lists.trials:
        official = read_trials(lists.trials, _only(uris_by_name, set(tested)) if lists.test else uris_by_name)
        tested = tested or list(dict.fromkeys(uri for trial in official for uri in trial[1:]))
    if not tested and lists.train:
        of_train = {sessions[uri].speaker for uri in train}
        tested = [uri for uri in sessions if sessions[uri].speaker not in of_train] if test else []
    elif not tested and test:
        train, tested = _hold_out("test", train, sessions, test, seed, kept)
    of_test = {sessions[uri].speaker for uri in tested}
    if lists.train:
        _check_apart({sessions[uri].speaker for uri in train}, of_test, lists.train)
    return [uri for uri in train if sessions[uri].speaker not in of_test], tested, official


def _kept(output: Path, protocol: str, sessions: Mapping[str, SpeakerSession]) -> dict[str, str]:
    """Subset that an earlier preparation in the same folder has put each speaker into."""
    return {
        sessions[uri].speaker: subset
        for subset, uris in listed(output, protocol).items()
        for uri in uris
        if uri in sessions
    }


def _hold_out(
    subset: str,
    uris: Iterable[str],
    sessions: Mapping[str, SpeakerSession],
    share: float,
    seed: int,
    kept: Mapping[str, str],
) -> tuple[list[str], list[str]]:
    """Draw speakers of a subset; those that are in one stay there."""
    inside = {speaker for speaker, one in kept.items() if one == subset}
    return draw_speakers(uris, sessions, share, seed, inside=inside, outside=kept.keys() - inside)


def _only(uris_by_name: Mapping[str, str], uris: Collection[str]) -> dict[str, str]:
    return {name: uri for name, uri in uris_by_name.items() if uri in uris}


def _check_apart(train: set[str], test: set[str], path: Path) -> None:
    if train & test:
        raise DataError(
            f"'{min(train & test)}' is a speaker of both train and test ({len(train & test)} are).",
            file=path,
            fix="Test on speakers that are not in train.",
        )


def _draw(uris: Iterable[str], sessions: Mapping[str, SpeakerSession], trials: int, seed: int) -> list[Trial]:
    return balanced_trials({uri: sessions[uri] for uri in uris}, trials, seed)
