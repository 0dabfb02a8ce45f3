"""A part of a recording has the features of the whole, to the last bit, at whatever rate."""

import importlib
import inspect

import numpy as np
import pytest
import soundfile
from pyannote.core import Segment

from pyannote.audio.config.registry import available

RATES = [8000, 11025, 16000, 22050, 32000, 44100, 48000, 96000]
CROPS = 15


def made(name, network):
    """Extraction with defaults; those that need more than a rate or a network read no waveform."""
    found = getattr(importlib.import_module(available("feature_extraction")[name]), name)
    known = inspect.signature(found).parameters
    needed = {key for key, value in known.items() if value.default is inspect.Parameter.empty}
    if needed - {"sample_rate", "file"}:
        pytest.skip(f"{name} needs {', '.join(sorted(needed))}")
    given = {"sample_rate": 16000, "file": str(network)}
    return found(**{key: value for key, value in given.items() if key in known})


@pytest.fixture(scope="session")
def recorded(tmp_path_factory):
    """Recordings of 7 s, of one or two channels of 16 or 24 bits, one for each rate."""
    folder, random = tmp_path_factory.mktemp("recorded"), np.random.default_rng(0)
    paths = {}
    for index, rate in enumerate(RATES):
        loudness = 10 ** (-2 * random.random(7)).repeat(rate)[:, None]
        waveform = (0.3 * loudness * random.normal(size=(7 * rate, 1 + index % 2))).clip(-1, 1)
        paths[rate] = folder / f"{rate}.wav"
        soundfile.write(paths[rate], waveform, rate, subtype=("PCM_16", "PCM_24")[index // 2 % 2])
    return paths


@pytest.mark.parametrize("name", available("feature_extraction"))
def test_crops_of_a_file_are_parts_of_the_whole(name, recorded, front_end, promise):
    extraction, random = made(name, front_end), np.random.default_rng(1)
    for rate in RATES:
        for file in ({"audio": recorded[rate]}, {"audio": recorded[rate], "speed": 0.9}):
            whole = extraction(file)
            for start, length in random.uniform([-0.2, 0.0], [7.5, 2.0], (CROPS, 2)).tolist():
                segment = Segment(start, start + length)
                mode = ("center", "loose", "strict")[int(random.integers(3))]
                part = extraction.crop(file, segment, mode)
                assert np.array_equal(part, whole.crop(segment, mode)), (rate, segment)
    promise(
        "Features of a crop are the part of those of the whole.",
        f"Random crops of files at {len(RATES)} rates from 8 to 96 kHz, resampled to its own, as they are "
        "and at another speed.",
        f"{name}: {len(RATES) * 2 * CROPS} crops, 0 bits differ",
    )
