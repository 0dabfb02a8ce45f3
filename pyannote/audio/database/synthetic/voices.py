"""Synthetic data set of artificial voices and noise, to try speaker embedding without a download.

    <output>/speakers/<speaker>/<number>.wav
    <output>/noise/<number>.wav

Speakers differ in pitch, in the length of their vocal tract, and in one resonance. They are much easier to
distinguish than real speakers: scores on them show that the commands work, and nothing else.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.signal import iirpeak, lfilter

from pyannote.audio.core.errors import UsageError
from pyannote.audio.core.progress import Progress, silent
from pyannote.audio.core.randomness import generator
from pyannote.audio.database.synthetic.street import claim_folder, write_wav
from pyannote.audio.database.synthetic.synthesis import artificial_voice, background

RATE = 16000
NOISES = 4

_PITCH = (90.0, 260.0)
_TRACT = (0.8, 1.25)
_NOSE = (900.0, 5000.0)
_RESONANCE = 20.0
_SNR = (30.0, 40.0)
_LEVEL = (0.02, 0.1)


def make_speakers(
    output: Path | str,
    *,
    speakers: int = 12,
    files: int = 4,
    seconds: float = 4.0,
    seed: int = 0,
    progress: Progress = silent,
) -> Path:
    """Write recordings of artificial speakers, and of noise.

    Parameters
    ----------
    output : path
        Folder, made if missing. It must be empty or hold an earlier data set of this kind.
    speakers : int, optional
        Number of speakers, 2 to 999.
    files : int, optional
        Recordings of each speaker, 1 or more.
    seconds : float, optional
        Duration of each recording, 0.5 s to 600 s.
    seed : int, optional
        The same arguments give the same files, byte for byte.
    progress : Progress, optional
        Called with the speakers.

    Returns
    -------
    output : Path
        The folder, with `speakers/speaker01/1.wav` and so on, and `noise/1.wav`: 16 bits, 16 kHz, mono, shape
        (seconds * 16000,).

    Raises
    ------
    UsageError
        If numbers are out of range, or `output` contains other files.
    StorageError
        If `output` cannot be written.

    Examples
    --------
    >>> folder = make_speakers(getfixture("tmp_path") / "data", speakers=2, files=1, seconds=0.5)
    >>> sorted(path.name for path in (folder / "speakers").iterdir())
    ['speaker01', 'speaker02']
    """
    output = Path(output)
    if not 2 <= speakers <= 999 or files < 1 or not 0.5 <= seconds <= 600 or seed < 0:
        raise UsageError(
            f"{files} files of {seconds:g} s of {speakers} speakers with seed {seed} cannot be made.",
            fix="Use 2 to 999 speakers, 1 file or more of each, of 0.5 s to 600 s, and a seed of 0 or more.",
        )
    claim_folder(output, _readme(speakers, files, seconds, seed))
    voices = _voices(speakers, seed)
    for speaker in progress(range(speakers), total=speakers, description="synthesis"):
        for file in range(files):
            path = output / "speakers" / f"speaker{speaker + 1:02d}" / f"{file + 1}.wav"
            write_wav(
                path, _recording(voices[speaker], seconds, generator(seed, speaker, file)), RATE, "PCM_16"
            )
    for index in range(NOISES):
        noise = background(round(seconds * RATE), generator(seed, speakers, index)).mean(axis=1)
        write_wav(output / "noise" / f"{index + 1}.wav", 0.05 * noise / noise.std(), RATE, "PCM_16")
    return output


class SyntheticVoice(NamedTuple):
    """Traits of a speaker: pitch in Hz, factor of all formants, and frequency of a fixed resonance in Hz.

    Examples
    --------
    >>> SyntheticVoice(pitch=120.0, tract=1.1, nose=2500.0).tract
    1.1
    """

    pitch: float
    tract: float
    nose: float


def _voices(speakers: int, seed: int) -> list[SyntheticVoice]:
    """Spread each trait of the speakers evenly on a logarithmic scale, independently of the others."""
    random = generator(seed, speakers)
    traits = []
    for low, high in (_PITCH, _TRACT, _NOSE):
        traits.append(low * (high / low) ** ((random.permutation(speakers) + 0.5) / speakers))
    return [SyntheticVoice(*map(float, of_one)) for of_one in zip(*traits, strict=True)]


def _recording(voice: SyntheticVoice, seconds: float, random: np.random.Generator) -> np.ndarray:
    """One recording, with random pitch, level and noise, shape (samples,)."""
    size = round(seconds * RATE)
    pitch = voice.pitch * random.uniform(0.97, 1.03)
    speech = artificial_voice(size, RATE, random, pitch=pitch, tract=voice.tract)
    speech += _RESONANCE * lfilter(*iirpeak(voice.nose, 4.0, RATE), speech)
    noise = background(size, random).mean(axis=1)
    snr = random.uniform(*_SNR)
    mixture = speech / speech.std() + 10 ** (-snr / 20) * noise / noise.std()
    return mixture * min(random.uniform(*_LEVEL), 0.9 / np.abs(mixture).max())


def _readme(speakers: int, files: int, seconds: float, seed: int) -> str:
    return f"""# SYNTHETIC speakers

{files} recordings of {seconds:g} s of each of {speakers} artificial voices, and some noise, made by synthesis
with seed {seed}. They contain no real speech: they show that the commands work, and nothing about how well a
model distinguishes real speakers.
"""
