"""Convolution with impulse responses of rooms, on the host and on a device."""

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
"""Seconds of a response that are used before and after its direct path."""

MOST_RESPONSES = 10_000

SUFFIXES = (".wav", ".flac")


class Reverb(WaveformAugmentation):
    """Convolve each chunk with the impulse response of a room, drawn from a pool.

    y = g (h * x), where the gain g gives y the power of x. Waveforms have shape (batch, samples). Responses
    are those of random rooms, computed once by the image source method of pyroomacoustics (`pip install
    pyroomacoustics`), or those of files in a folder. The direct path is not delayed. Reverberation of audio
    before the chunk is not added.

    Parameters
    ----------
    rt60_min, rt60_max : float
        Range of the reverberation time of computed rooms, in seconds, within 0.05 to 1.
    responses : int
        Size of the pool; from a folder with more files, that many are drawn.
    folder : str, optional
        Folder of impulse responses as wav or flac files, searched with all folders below it. The strongest
        early sample is the direct path; samples more than 1 s after it are cut.
    seed : int
        Seed of the pool.
    probability : float
        Share of chunks that are changed, in [0, 1].

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
    >>> echo = augmentation(click, np.random.default_rng(0))[0]
    >>> np.flatnonzero(echo > 0.01).tolist(), round(float(echo[2] / echo[4]), 3)
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

        Parameters
        ----------
        sounds : sequence of float32, each of shape (samples,)
            Ignored.
        sample_rate : int
            In Hertz.

        Raises
        ------
        ConfigError
            If pyroomacoustics is not installed.
        DataError
            If the folder has no impulse responses, or silent ones.
        """
        if self.folder is None:
            responses = room_responses(self.responses, self.rt60_min, self.rt60_max, sample_rate, self.seed)
        else:
            responses = [_read(path, sample_rate) for path in self._files(Path(self.folder).expanduser())]
        pool = np.stack([aligned(response, sample_rate) for response in responses])
        self._pool = pool[:, : 1 + int(np.flatnonzero(pool.any(axis=0)).max())]
        self._direct = round(BEFORE * sample_rate)

    def __call__(self, waveforms: NDArray[np.float32], random: np.random.Generator) -> NDArray[np.float32]:
        """Reverberant copy; silent chunks are unchanged."""
        rooms = random.integers(len(self._pool), size=(len(waveforms),))
        return self.move(waveforms, rooms, random.random(len(waveforms)) < self.probability)

    def move(
        self, waveforms: NDArray[np.float32], rooms: NDArray[np.int64], changed: NDArray[np.bool_]
    ) -> NDArray[np.float32]:
        """Copy in which some chunks are convolved with given responses of the pool.

        Parameters
        ----------
        waveforms : float32, shape (batch, samples)
        rooms : int64, shape (batch,)
            Index of the response for each chunk.
        changed : bool, shape (batch,)
            Whether each chunk is changed.

        Returns
        -------
        reverberant : float32, shape (batch, samples)
        """
        samples = waveforms.shape[1]
        chosen = np.flatnonzero(changed & (power(waveforms) > SILENCE))
        size = next_fast_len(samples + self._pool.shape[1] - 1, real=True)
        spectrum = rfft(waveforms[chosen], size)
        spectrum *= rfft(self._pool[rooms[chosen]], size)
        convolved = irfft(spectrum, size)[:, self._direct : self._direct + samples]
        gain = np.sqrt(power(waveforms[chosen]) / np.maximum(power(convolved), SILENCE))
        reverberant = waveforms.copy()
        reverberant[chosen] = convolved * gain[:, None].astype(np.float32)
        return reverberant

    @property
    def nbytes(self) -> int:
        """Memory of the pool, in bytes."""
        return self._pool.nbytes

    def to(self, device: torch.device) -> ReverbTensors:
        """Same augmentation for waveforms on a device, with a copy of the pool."""
        return ReverbTensors(self._pool, self._direct, self.probability, device)

    def _files(self, folder: Path) -> list[Path]:
        paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
        if not paths:
            raise DataError(
                f"There is no {' or '.join(SUFFIXES)} file.", file=folder, fix="Name another folder."
            )
        if len(paths) <= self.responses:
            return paths
        drawn = generator(self.seed).permutation(len(paths))[: self.responses]
        return [paths[int(index)] for index in drawn]


class ReverbTensors:
    """`Reverb` for waveforms on a device, where the responses are stored: `move` of both gives the same.

    Parameters
    ----------
    pool : float32, shape (responses, samples)
        Aligned impulse responses.
    direct : int
        Sample of the direct path in all of them.
    probability : float
        Share of chunks that are changed, in [0, 1].
    device : torch.device

    Examples
    --------
    >>> rooms = ReverbTensors(np.array([[1, 0, 0.5]], dtype=np.float32), 0, 1.0, torch.device("cpu"))
    >>> echo = rooms(torch.eye(1, 4), torch.Generator())[0]
    >>> round(float(echo[2] / echo[0]), 3)
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
        rooms = torch.randint(len(self._pool), size, generator=random, device=device)
        chosen = torch.rand(size, generator=random, device=device)
        return self.move(waveforms, rooms, chosen < self.probability)

    def move(self, waveforms: Tensor, rooms: Tensor, changed: Tensor) -> Tensor:
        """Copy in which some chunks are convolved with given responses (see `Reverb.move`).

        Parameters
        ----------
        waveforms : float32 Tensor, shape (batch, samples)
        rooms : int64 Tensor, shape (batch,)
        changed : bool Tensor, shape (batch,)

        Examples
        --------
        >>> pool = np.array([[1, 0, 0.5]], dtype=np.float32)
        >>> tensors = ReverbTensors(pool, 0, 1.0, torch.device("cpu"))
        >>> tensors.move(torch.eye(1, 4), torch.tensor([0]), torch.tensor([False]))
        tensor([[1., 0., 0., 0.]])
        """
        samples = waveforms.shape[1]
        size = next_fast_len(samples + self._pool.shape[1] - 1, real=True)
        # the pool is smaller than most batches
        spectrum = torch.fft.rfft(waveforms, size) * torch.fft.rfft(self._pool, size)[rooms]
        convolved = torch.fft.irfft(spectrum, size)[:, self._direct : self._direct + samples]
        signal_power = tensor_power(waveforms)
        gain = (signal_power / tensor_power(convolved).clamp(min=SILENCE)).sqrt().float()[:, None]
        return torch.where((changed & (signal_power > SILENCE))[:, None], convolved * gain, waveforms)


def _read(path: Path, sample_rate: int) -> NDArray[np.float32]:
    response = read(path, sample_rate)
    if not response.any():
        raise DataError("This impulse response is silent.", file=path, fix="Remove it from the folder.")
    return response


def aligned(response: NDArray[np.float32], sample_rate: int) -> NDArray[np.float32]:
    """Response from 2 ms before its direct path to 1 s after it, padded with zeros.

    Parameters
    ----------
    response : float32, shape (samples,)
    sample_rate : int
        In Hertz.

    Returns
    -------
    aligned : float32, shape (round(0.002 * sample_rate) + sample_rate,)

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
    """Strongest sample within 0.5 ms after the first loud one; later reflections may add up to more."""
    first = int(np.argmax(level >= level.max() / 2))
    return first + int(np.argmax(level[first : first + 1 + sample_rate // 2000]))
