"""Synthetic data set in the layout of TUT Sound Events 2017, to try all commands without a download.

The classes and the layout are those of TUT Sound Events 2017; the sounds are made by
`pyannote.audio.database.synthetic.synthesis` and do not represent real ones. Scores on them show that the
commands work, and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile

from pyannote.audio.core.errors import UsageError
from pyannote.audio.core.progress import Progress, silent
from pyannote.audio.core.randomness import generator
from pyannote.audio.database.synthetic.synthesis import SOUNDS, background
from pyannote.audio.io.storage import write_text, write_with

RATE = 44100
FOLDS = 4
SCENE = "street"

_README = "README.md"
_TITLE = "# SYNTHETIC demonstration data set"
_DURATIONS = {
    "brakes squeaking": (0.8, 2.5),
    "car": (3.0, 6.0),
    "children": (1.5, 4.0),
    "large vehicle": (3.0, 7.0),
    "people speaking": (2.0, 5.0),
    "people walking": (2.5, 6.0),
}
_GAP = 0.3
_SNR = (6.0, 18.0)
_LEVEL = 0.01


class SyntheticEvent(NamedTuple):
    """One event: onset and offset in seconds, and its label.

    Examples
    --------
    >>> SyntheticEvent(0.5, 2.0, "car").offset
    2.0
    """

    onset: float
    offset: float
    label: str


def make_demonstration(
    output: Path | str,
    *,
    files: int = 8,
    seconds: float = 30.0,
    seed: int = 0,
    progress: Progress = silent,
) -> Path:
    """Write recordings of synthetic street sounds, with their annotation and folds.

    Parameters
    ----------
    output : path
        Folder, made if missing. It must be empty or hold an earlier demonstration data set.
    files : int, optional
        Number of recordings, at least 4: each of the four folds is evaluated on a quarter of them.
    seconds : float, optional
        Duration of each recording, 10 s to 600 s.
    seed : int, optional
        The same arguments give the same files, byte for byte.
    progress : Progress, optional
        Called with the recordings.

    Returns
    -------
    output : Path
        The folder, with `audio/street/a001.wav` (24 bits, 44.1 kHz, stereo, shape
        (seconds * 44100, 2)) and so on, `meta.txt`,
        `meta/street/` and `evaluation_setup/`. Every class occurs in train and evaluate of every fold.

    Raises
    ------
    UsageError
        If there would be too few or too short recordings, or `output` contains other files.
    StorageError
        If `output` cannot be written.

    Examples
    --------
    >>> folder = make_demonstration(getfixture("tmp_path") / "tut", files=4, seconds=10)
    >>> sorted(path.name for path in (folder / "audio" / "street").iterdir())
    ['a001.wav', 'a002.wav', 'a003.wav', 'a004.wav']
    """
    output = Path(output)
    _check(files, seconds, seed)
    claim_folder(output, _readme(files, seconds, seed))
    classes = _draw_classes(files, generator(seed, files))
    sounds: dict[str, list[SyntheticEvent]] = {}
    for index in progress(range(files), total=files, description="synthesis"):
        random = generator(seed, files, index)
        name = f"audio/{SCENE}/a{index + 1:03d}.wav"
        sounds[name] = draw_events(classes[index], seconds, random)
        write_wav(output / name, mix(sounds[name], seconds, random))
    _write_lists(output, sounds)
    return output


def draw_events(labels: Sequence[str], seconds: float, random: np.random.Generator) -> list[SyntheticEvent]:
    """Draw events of each label at random times; those of one label do not overlap.

    Parameters
    ----------
    labels : sequence of str, shape (labels,)
        Of the classes in `SOUNDS`.
    seconds : float
        Duration of the recording.
    random : numpy.random.Generator

    Returns
    -------
    events : list of SyntheticEvent, shape (events,)
        Sorted; times are in seconds.

    Examples
    --------
    >>> events = draw_events(["car", "children"], 10.0, np.random.default_rng(0))
    >>> sorted(event.label for event in events), all(event.offset < 10 for event in events)
    (['car', 'children'], True)
    """
    sounds: list[SyntheticEvent] = []
    for label in labels:
        shortest, longest = _DURATIONS[label]
        count = 1 + int(random.integers(max(1, int(seconds // 10))))
        slot = seconds / count
        for index in range(count):
            duration = min(random.uniform(shortest, longest), 0.6 * slot)
            onset = index * slot + random.uniform(0, slot - duration - _GAP)
            sounds.append(SyntheticEvent(round(onset, 3), round(onset + duration, 3), label))
    return sorted(sounds)


def mix(sounds: Sequence[SyntheticEvent], seconds: float, random: np.random.Generator) -> np.ndarray:
    """Add events to stereo background noise, each at a random angle and level.

    An event s of angle a and signal-to-noise ratio r (in decibels, relative to noise of power 1) becomes
    10^(r / 20) s / rms(s) (cos a, sin a) in the left and right channel.

    Parameters
    ----------
    sounds : sequence of SyntheticEvent, shape (events,)
    seconds : float
        Duration of the recording.
    random : numpy.random.Generator

    Returns
    -------
    samples : float64, shape (samples, 2)
        In [-1, 1], at 44.1 kHz.

    Examples
    --------
    >>> mix([SyntheticEvent(0.1, 0.4, "car")], 0.5, np.random.default_rng(0)).shape
    (22050, 2)
    """
    size = round(seconds * RATE)
    mixture = background(size, random)
    for sound in sounds:
        start, stop = round(sound.onset * RATE), round(sound.offset * RATE)
        samples = SOUNDS[sound.label](stop - start, RATE, random)
        gain = 10 ** (random.uniform(*_SNR) / 20) / np.sqrt(np.mean(samples**2))
        angle = random.uniform(0.2, 0.8) * np.pi / 2
        mixture[start:stop] += gain * np.outer(samples, [np.cos(angle), np.sin(angle)])
    return mixture * min(_LEVEL, 0.9 / np.abs(mixture).max())


def write_wav(path: Path, samples: np.ndarray, rate: int = RATE, subtype: str = "PCM_24") -> None:
    """Write a wav file; an interrupted write leaves no file.

    Parameters
    ----------
    path : Path
        File to write.
    samples : float, shape (samples,) or (samples, channels)
        In [-1, 1].
    rate : int
        Sample rate, in Hertz.
    subtype : str
        Format of samples, as soundfile names it.

    Raises
    ------
    StorageError
        If it cannot be written.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "a.wav"
    >>> write_wav(path, np.zeros((8000, 2)), rate=8000)
    >>> soundfile.info(path).duration, soundfile.info(path).subtype
    (1.0, 'PCM_24')
    """
    write_with(path, lambda stream: soundfile.write(stream, samples, rate, format="WAV", subtype=subtype))


def claim_folder(output: Path, readme: str) -> None:
    """Write the README of a synthetic data set into a folder that is empty or has one with the same title.

    Parameters
    ----------
    output : Path
        Folder, made if missing.
    readme : str
        Text, whose first line is the title.

    Raises
    ------
    UsageError
        If the folder contains other files.

    Examples
    --------
    >>> folder = getfixture("tmp_path") / "data"
    >>> claim_folder(folder, "# Title")
    >>> (folder / "README.md").read_text()
    '# Title'
    """
    path = output / _README
    title = readme.partition("\n")[0]
    ours = path.is_file() and path.read_text(encoding="utf-8", errors="replace").startswith(title)
    if output.exists() and not ours and (not output.is_dir() or any(output.iterdir())):
        raise UsageError("The folder is not empty.", file=output, fix="Choose another one.")
    write_text(path, readme)


def _draw_classes(files: int, random: np.random.Generator) -> list[list[str]]:
    """Draw the classes of each file, most of all, so that every class occurs in every fold."""
    present = random.random((files, len(SOUNDS))) < 0.85
    for fold in range(FOLDS):
        for column in np.flatnonzero(~present[fold::FOLDS].any(axis=0)):
            present[fold, column] = True
    return [[label for label, yes in zip(SOUNDS, row, strict=True) if yes] for row in present]


def _write_lists(output: Path, sounds: Mapping[str, Sequence[SyntheticEvent]]) -> None:
    rows = {name: [f"{name}\t{SCENE}\t{_row(sound)}\n" for sound in sounds[name]] for name in sounds}
    for name in sounds:
        ann = output / "meta" / SCENE / Path(name).with_suffix(".ann").name
        write_text(ann, "".join(f"{_row(sound)}\n" for sound in sounds[name]))
    meta = (row.replace("\n", "\tm\n") for name in rows for row in rows[name])
    write_text(output / "meta.txt", "".join(meta))
    for fold in range(FOLDS):
        start = output / "evaluation_setup" / f"{SCENE}_fold{fold + 1}"
        tested = list(rows)[fold::FOLDS]
        train = "".join(row for name in rows if name not in tested for row in rows[name])
        write_text(Path(f"{start}_train.txt"), train)
        write_text(Path(f"{start}_evaluate.txt"), "".join(row for name in tested for row in rows[name]))
        write_text(Path(f"{start}_test.txt"), "".join(f"{name}\t{SCENE}\n" for name in tested))


def _row(sound: SyntheticEvent) -> str:
    return f"{sound.onset:.6f}\t{sound.offset:.6f}\t{sound.label}"


def _check(files: int, seconds: float, seed: int) -> None:
    if files < FOLDS or not 10 <= seconds <= 600 or seed < 0:
        raise UsageError(
            f"{files} files of {seconds:g} s with seed {seed} cannot be made.",
            fix=f"Use {FOLDS} files or more, of 10 s to 600 s, and a seed of 0 or more.",
        )


def _readme(files: int, seconds: float, seed: int) -> str:
    return f"""{_TITLE}

{files} recordings of {seconds:g} s in the layout of TUT Sound Events 2017 (development), made by synthesis
with seed {seed}. It contains no recorded sound and nothing of that data set: it shows that the commands
work, and nothing about how well a model detects real sounds.

Classes: {", ".join(SOUNDS)}.
"""
