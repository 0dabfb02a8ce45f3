"""Layout of TUT Sound Events 2017: lists of folds, and of the evaluation set.

The development set is a folder with (tabs between columns, no header)

    audio/street/a001.wav
    evaluation_setup/street_fold1_train.txt       file, scene, onset, offset, label
    evaluation_setup/street_fold1_evaluate.txt    file, scene, onset, offset, label
    evaluation_setup/street_fold1_test.txt        file, scene

and the evaluation set, if it is present, a folder with `audio/` and `evaluation_setup/street_evaluate.txt`
(or `street_test.txt` with `meta/street/*.ann`: onset, offset, label). Names of scenes, folds, files and
labels are free. Times are in seconds.

References
----------
A. Mesaros, T. Heittola, A. Diment, B. Elizalde, A. Shah, E. Vincent, B. Raj, T. Virtanen, "DCASE 2017
challenge setup: tasks, datasets and baseline system", DCASE Workshop, 2017.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from pyannote.audio.core.counted import counted
from pyannote.audio.core.errors import DataError
from pyannote.audio.io.lines import AnnotatedEvent, parse_segment, quoted, read_lines

Listed = dict[Path, list[AnnotatedEvent] | None]
"""Events of each audio file of a list, None where it is not annotated."""

_FOLD_LIST = re.compile(r"(?P<scene>.+)_fold(?P<fold>\d+)_(?P<part>train|evaluate|test)\.txt")
_WHOLE_LIST = re.compile(r"(?P<scene>(?:(?!_fold\d).)+)_(?P<part>evaluate|test)\.txt")


class Fold(NamedTuple):
    """Files for training, and for evaluation, of a fold.

    Parameters
    ----------
    train, test : dict of Path to list of AnnotatedEvent, shape (events,)
        Events of each audio file, None where it is not annotated.

    Examples
    --------
    >>> Fold({Path("a.wav"): []}, {Path("b.wav"): []}).test
    {PosixPath('b.wav'): []}
    """

    train: Listed
    test: Listed


def find_sets(root: Path) -> tuple[Path, Path | None]:
    """Folders of the development set, and of the evaluation set, if there is one.

    Parameters
    ----------
    root : Path
        Folder of the development set, or the one above it.

    Raises
    ------
    DataError
        If there is no development set, or several of one kind.

    Examples
    --------
    >>> folder = getfixture("tmp_path") / "evaluation_setup"
    >>> folder.mkdir()
    >>> (folder / "street_fold1_train.txt").touch()
    >>> find_sets(folder.parent) == (folder.parent, None)
    True
    """
    folders = (
        [root] if (root / "evaluation_setup").is_dir() else sorted(p for p in root.glob("*") if p.is_dir())
    )
    development = [folder for folder in folders if _lists(folder, _FOLD_LIST)]
    evaluation = [folder for folder in folders if _lists(folder, _WHOLE_LIST)]
    if len(development) != 1 or len(evaluation) > 1:
        raise DataError(
            f"Found {len(development)} development and {len(evaluation)} evaluation sets.",
            file=root,
            fix="Give the folder with audio/ and evaluation_setup/ with lists such as "
            "street_fold1_train.txt, or the folder above it and the evaluation set.",
        )
    return development[0], evaluation[0] if evaluation else None


def read_folds(root: Path) -> dict[int, Fold]:
    r"""Read the lists of all scenes of each fold.

    Parameters
    ----------
    root : Path
        Folder of the development set.

    Returns
    -------
    folds : dict of int to Fold
        Training and evaluation files of each fold, with events of shape (events,) in each.

    Raises
    ------
    DataError
        If a list is missing or wrong, or a recording is used for training and evaluation of one fold.

    Examples
    --------
    >>> folder = getfixture("tmp_path") / "evaluation_setup"
    >>> folder.mkdir()
    >>> for part, name in (("train", "a"), ("evaluate", "b")):
    ...     path = folder / f"street_fold1_{part}.txt"
    ...     _ = path.write_text(f"audio/street/{name}.wav\tstreet\t0.5\t1.0\tcar\n")
    >>> [path.name for path in read_folds(folder.parent)[1].test]
    ['b.wav']
    """
    lists = _lists(root, _FOLD_LIST)
    scenes = sorted({match["scene"] for match in lists.values()})
    folds = {}
    for number in sorted({int(match["fold"]) for match in lists.values()}):
        train: Listed = {}
        test: Listed = {}
        for scene in scenes:
            start = root / "evaluation_setup" / f"{scene}_fold{number}"
            train |= read_list(Path(f"{start}_train.txt"), root)
            # only the test list names recordings without events
            test |= _if_there(Path(f"{start}_test.txt"), root) | read_list(
                Path(f"{start}_evaluate.txt"), root
            )
        _check_sides(number, train, test, root)
        folds[number] = Fold(train, test)
    return folds


def read_evaluation(root: Path) -> Listed:
    r"""Read the evaluation set: its evaluate lists or, without them, its test lists and `meta/`.

    Parameters
    ----------
    root : Path
        Folder of the evaluation set.

    Returns
    -------
    listed : dict of Path to list of AnnotatedEvent, shape (events,)
        Events of each audio file, None where it is not annotated.

    Examples
    --------
    >>> folder = getfixture("tmp_path") / "evaluation_setup"
    >>> folder.mkdir()
    >>> _ = (folder / "street_test.txt").write_text("audio/street/a.wav\tstreet\n")
    >>> list(read_evaluation(folder.parent).values())
    [None]
    """
    listed: Listed = {}
    for scene in sorted({match["scene"] for match in _lists(root, _WHOLE_LIST).values()}):
        start = root / "evaluation_setup" / scene
        evaluate, test = Path(f"{start}_evaluate.txt"), Path(f"{start}_test.txt")
        if evaluate.is_file():
            listed |= _if_there(test, root) | read_list(evaluate, root)
        else:
            listed |= {path: _read_ann(path, root) for path in read_list(test, root)}
    return listed


def read_list(path: Path, root: Path) -> Listed:
    r"""Read a list of audio files below a folder, with or without their events.

    Parameters
    ----------
    path : Path
        File of lines `file, scene, onset, offset, label`, or `file, scene`, separated by tabs.
    root : Path
        Folder of the data set.

    Returns
    -------
    listed : dict of Path to list of AnnotatedEvent, shape (events,)
        Events of each audio file, empty where the list has none.

    Raises
    ------
    DataError
        With the first line that is wrong.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "street_fold1_train.txt"
    >>> _ = path.write_text("audio/street/a.wav\tstreet\t0.5\t1.0\tcar\n")
    >>> [event.label for event in read_list(path, Path("/tut"))[Path("/tut/audio/street/a.wav")]]
    ['car']
    """
    listed: dict[Path, list[AnnotatedEvent]] = {}
    for line, text in read_lines(path):
        columns = [column.strip() for column in text.split("\t")]
        if len(columns) not in (2, 5) or not columns[0]:
            raise _wrong_columns(
                len(columns), "file, scene, onset, offset and label (or file and scene)", path, line
            )
        if Path(columns[0]).is_absolute() or ".." in Path(columns[0]).parts:
            found = f"{quoted(columns[0])} is not below the folder of the data set."
            raise DataError(found, file=path, line=line, fix="Write it as audio/street/a001.wav.")
        events = listed.setdefault(root / columns[0], [])
        if len(columns) == 5:
            events.append(_event(columns[2:], columns[0], path, line))
    return dict(listed)


def _read_ann(audio: Path, root: Path) -> list[AnnotatedEvent] | None:
    path = root / "meta" / Path(below_audio(audio, root)).with_suffix(".ann")
    if not path.exists():
        return None
    events = []
    for line, text in read_lines(path):
        columns = [column.strip() for column in text.split("\t")]
        if len(columns) != 3:
            raise _wrong_columns(len(columns), "onset, offset and label", path, line)
        events.append(_event(columns, audio.name, path, line))
    return events


def _event(columns: list[str], recording: str, path: Path, line: int) -> AnnotatedEvent:
    onset, offset, label = columns
    if not label:
        raise DataError("The label is missing.", file=path, line=line, fix="Write it in the last column.")
    return AnnotatedEvent(recording, parse_segment(onset, offset, file=path, line=line), label, path, line)


def _wrong_columns(found: int, expected: str, path: Path, line: int) -> DataError:
    return DataError(
        f"Found {counted(found, 'column')} where {expected} are expected.",
        file=path,
        line=line,
        fix="Separate the columns by tabs.",
    )


def _if_there(path: Path, root: Path) -> Listed:
    return read_list(path, root) if path.is_file() else {}


def _lists(root: Path, pattern: re.Pattern[str]) -> dict[Path, re.Match[str]]:
    matches = {
        path: pattern.fullmatch(path.name) for path in sorted((root / "evaluation_setup").glob("*.txt"))
    }
    return {path: match for path, match in matches.items() if match}


def is_list(path: Path) -> bool:
    """Whether a file is a list of a fold, or of an evaluation set.

    Examples
    --------
    >>> is_list(Path("evaluation_setup/street_fold1_train.txt")), is_list(Path("README.txt"))
    (True, False)
    """
    named = _FOLD_LIST.fullmatch(path.name) or _WHOLE_LIST.fullmatch(path.name)
    return path.parent.name == "evaluation_setup" and named is not None


def _check_sides(number: int, train: Listed, test: Listed, root: Path) -> None:
    both = [path.name for path in train if path in test]
    if both or not train or not test:
        problem = f"has {both[0]} in both training and evaluation" if both else "has an empty list"
        raise DataError(f"Fold {number} {problem}.", file=root / "evaluation_setup", fix="Correct its lists.")


def below_audio(path: Path, root: Path) -> str:
    """Path of an audio file below `root/audio`.

    Examples
    --------
    >>> below_audio(Path("/tut/audio/street/a001.wav"), Path("/tut"))
    'street/a001.wav'
    """
    below = path.relative_to(root)
    return (below.relative_to("audio") if below.parts[0] == "audio" else below).as_posix()
