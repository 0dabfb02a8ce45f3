"""Reverberation of rooms, on the host and on a device."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.fft import irfft, next_fast_len, rfft
from torch import Tensor

from pyannote.audio.augmentation._noise import SILENCE, power, tensor_power
from pyannote.audio.augmentation._rooms import room_responses
from pyannote.audio.augmentation._waveform import WaveformAugmentation
from pyannote.audio.core.errors import ConfigError, DataError
from pyannote.audio.core.randomness import generator
from pyannote.audio.io.waveform import read

BEFORE, AFTER = 0.002, 1.0
"""Seconds of a response that are kept before and after its direct path."""

MOST_RESPONSES = 10_000

SUFFIXES = (".wav", ".flac")


class Reverb(WaveformAugmentation):
    """Move each chunk into a room, drawn from a pool of impulse responses.

    Responses are those of random rooms, computed once by the image source method of pyroomacoustics
    (`pip install pyroomacoustics`), or those that are found in a folder. The direct path stays where it is in
    time, and the level of the whole chunk is kept. What was said before the chunk leaves no trace in it.

    Parameters
    ----------
    rt60_min, rt60_max : float
        Range of the reverberation time of computed rooms, in seconds, within 0.05 to 1.
    responses : int
        Size of the pool. Of a folder with more files, so many are drawn.
    folder : str, optional
        Where impulse responses lie as wav or flac files, also in folders below. Their strongest early sample
        is taken for the direct path; what comes more than 1 s after it is cut.
    seed : int
        What the pool depends on.
    probability : float
        Rank of chunks that are changed, in [0, 1].

    Raises
    ------
    ConfigError
        A value is out of its range.

    References
    ----------
    Ko, Peddinti, Povey, Seltzer and Khudanpur, "A study on data augmentation of reverberant speech for robust
    speech recognition", ICASSP 2017.

    Examples
    --------
    >>> import soundfile
    >>> folder = getfixture("tmp_path")
    >>> soundfile.write(folder / "echo.wav", np.array([0, 0, 0.5, 0, 0.25]), 8000)
    >>> augmentation = Reverb(folder=str(folder))
    >>> augmentation.prepare([], sample_rate=8000)
    >>> click = np.eye(1, 8, 2, dtype=np.float32)
    >>> heard = augmentation(click, np.random.default_rng(0))[0]
    >>> np.flatnonzero(heard > 0.01).tolist(), round(float(heard[2] / heard[4]), 3)
    ([2, 4], 2.0)
    """

    def __init__(
        self,
        rt60_min: float = 0.1,
        rt60_max: float = 0.6,
        responses: int = 64,
        folder: str | None = None,
        seed: int = 0,
        probability: float = 1.0,
    ) -> None:
        if not 0.05 <= rt60_min <= rt60_max <= 1:
            raise ConfigError(
                f"rt60_min is {rt60_min} and rt60_max {rt60_max} (seconds); allowed are 0.05 to 1, in order."
            )
        if not (1 <= responses <= MOST_RESPONSES and seed >= 0 and 0 <= probability <= 1):
            raise ConfigError(
                f"responses must be at least 1 and at most {MOST_RESPONSES}, seed not negative, and "
                "probability in [0, 1]."
            )
        if folder is not None and not Path(folder).expanduser().is_dir():
            raise ConfigError(f"There is no folder {folder}.", fix="Correct `folder` of Reverb.")
        self.rt60_min = rt60_min
        self.rt60_max = rt60_max
        self.responses = responses
        self.folder = folder
        self.seed = seed
        self.probability = probability

    def prepare(self, sounds: Sequence[NDArray[np.float32]], sample_rate: int) -> None:
        """Compute or read the pool.

        Raises
        ------
        ConfigError
            pyroomacoustics is not installed.
        DataError
            The folder holds no impulse responses, or silent ones.
        """
        if self.folder is None:
            found = room_responses(self.responses, self.rt60_min, self.rt60_max, sample_rate, self.seed)
        else:
            found = [_read(path, sample_rate) for path in self._files(Path(self.folder).expanduser())]
        pool = np.stack([aligned(response, sample_rate) for response in found])
        self._pool = pool[:, : 1 + int(np.flatnonzero(pool.any(axis=0)).max())]
        self._direct = round(BEFORE * sample_rate)

    def __call__(self, waveforms: NDArray[np.float32], random: np.random.Generator) -> NDArray[np.float32]:
        """Reverberant copy; silent chunks stay as they are."""
        which = random.integers(len(self._pool), size=(len(waveforms),))
        return self.move(waveforms, which, random.random(len(waveforms)) < self.probability)

    def move(
        self, waveforms: NDArray[np.float32], which: NDArray[np.int64], changed: NDArray[np.bool_]
    ) -> NDArray[np.float32]:
        """Copy in which some chunks were moved into some rooms of the pool, each one index a chunk."""
        samples = waveforms.shape[1]
        chosen = np.flatnonzero(changed & (power(waveforms) > SILENCE))
        size = next_fast_len(samples + self._pool.shape[1] - 1, real=True)
        spectrum = rfft(waveforms[chosen], size)
        spectrum *= rfft(self._pool[which[chosen]], size)
        heard = irfft(spectrum, size)[:, self._direct : self._direct + samples]
        level = np.sqrt(power(waveforms[chosen]) / np.maximum(power(heard), SILENCE))
        moved = waveforms.copy()
        moved[chosen] = heard * level[:, None].astype(np.float32)
        return moved

    @property
    def nbytes(self) -> int:
        """Memory of the pool."""
        return self._pool.nbytes

    def to(self, device: torch.device) -> ReverbTensors:
        """Move waveforms on a device into the same rooms."""
        return ReverbTensors(self._pool, self._direct, self.probability, device)

    def _files(self, folder: Path) -> list[Path]:
        paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
        if not paths:
            raise DataError(
                f"There is no {' or '.join(SUFFIXES)} file.", file=folder, fix="Name another one."
            )
        if len(paths) <= self.responses:
            return paths
        drawn = generator(self.seed).permutation(len(paths))[: self.responses]
        return [paths[int(index)] for index in drawn]


class ReverbTensors:
    """The same on a device, where the impulse responses lie as well: `move` of both gives the same.

    Parameters
    ----------
    pool : float32, shape (responses, samples)
        Impulse responses, aligned.
    direct : int
        Sample of all of them where the direct path is.
    probability : float
        Rank of chunks that are changed, in [0, 1].
    device : torch.device

    Examples
    --------
    >>> rooms = ReverbTensors(np.array([[1, 0, 0.5]], dtype=np.float32), 0, 1.0, torch.device("cpu"))
    >>> heard = rooms(torch.eye(1, 4), torch.Generator())[0]
    >>> round(float(heard[2] / heard[0]), 3)
    0.5
    """

    def __init__(
        self, pool: NDArray[np.float32], direct: int, probability: float, device: torch.device
    ) -> None:
        self.probability = probability
        self._pool, self._direct = torch.from_numpy(pool).to(device), direct

    def __call__(self, waveforms: Tensor, random: torch.Generator) -> Tensor:
        """Reverberant copy of a batch."""
        size, device = (len(waveforms),), waveforms.device
        which = torch.randint(len(self._pool), size, generator=random, device=device)
        chosen = torch.rand(size, generator=random, device=device)
        return self.move(waveforms, which, chosen < self.probability)

    def move(self, waveforms: Tensor, which: Tensor, changed: Tensor) -> Tensor:
        """Copy in which some chunks were moved into some rooms of the pool (see `Reverb.move`)."""
        samples = waveforms.shape[1]
        size = next_fast_len(samples + self._pool.shape[1] - 1, real=True)
        # the pool is smaller than most batches
        spectrum = torch.fft.rfft(waveforms, size) * torch.fft.rfft(self._pool, size)[which]
        heard = torch.fft.irfft(spectrum, size)[:, self._direct : self._direct + samples]
        own = tensor_power(waveforms)
        level = (own / tensor_power(heard).clamp(min=SILENCE)).sqrt().float()[:, None]
        return torch.where((changed & (own > SILENCE))[:, None], heard * level, waveforms)


def _read(path: Path, sample_rate: int) -> NDArray[np.float32]:
    response = read(path, sample_rate)
    if not response.any():
        raise DataError("This impulse response is silent.", file=path, fix="Remove it from the folder.")
    return response


def aligned(response: NDArray[np.float32], sample_rate: int) -> NDArray[np.float32]:
    """Response from 2 ms before its direct path to 1 s after it, filled with zeros where it is shorter.

    Examples
    --------
    >>> aligned(np.array([0, 0.4, 1, 0.5], dtype=np.float32), sample_rate=1000)[:6]
    array([0. , 0.4, 1. , 0.5, 0. , 0. ], dtype=float32)
    """
    direct = _direct_path(np.abs(response), sample_rate)
    before, after = round(BEFORE * sample_rate), round(AFTER * sample_rate)
    padded = np.pad(response, (before, after))
    return padded[direct : direct + before + after]


def _direct_path(level: NDArray[np.float32], sample_rate: int) -> int:
    """Strongest sample around the first one that is loud: reflections that meet can be louder later on."""
    first = int(np.argmax(level >= level.max() / 2))
    return first + int(np.argmax(level[first : first + 1 + sample_rate // 2000]))
