"""Distribution of training chunks over annotated regions."""

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.stats import chisquare

from pyannote.audio.core.errors import DataError
from pyannote.audio.labeling.tasks._chunks import ChunkSampler
from pyannote.audio.store.statistics import mean_and_deviation

STEP = 0.1


def recording(uri, regions, duration):
    return {
        "uri": uri,
        "database": "D",
        "audio": Path(uri),
        "duration": duration,
        "regions": regions,
        "events": [],
    }


FILES = [
    recording("a", [(0.0, 10.0)], 10.0),
    recording("b", [(5.0, 10.0), (20.0, 50.0)], 60.0),
    recording("c", [(0.0, 0.5)], 5.0),  # shorter than a chunk
    recording("d", [(1.0, 3.0)], 4.0),  # as long as a chunk
]
OFFSETS = np.array([0, 100, 700, 750, 790])
FRAMES = 20


@pytest.fixture(scope="module")
def sampler():
    return ChunkSampler(FILES, OFFSETS, FRAMES, STEP)


@pytest.fixture(scope="module")
def drawn(sampler):
    return sampler.draw(20_000, epoch=3, seed=7)


def test_chunks_lie_within_one_annotated_region_of_their_file(drawn):
    for file, first in zip(*drawn, strict=True):
        start = (first - OFFSETS[file]) * STEP
        assert any(
            start >= onset - 1e-9 and start + FRAMES * STEP <= offset + 1e-9
            for onset, offset in FILES[file]["regions"]
        )


def test_regions_are_drawn_in_proportion_to_their_duration(drawn):
    files, first = drawn
    late = first - OFFSETS[files] >= 200
    counts = [
        (files == 0).sum(),
        ((files == 1) & ~late).sum(),
        ((files == 1) & late).sum(),
        (files == 3).sum(),
    ]
    expected = np.array([10.0, 5.0, 30.0, 2.0])
    assert sum(counts) == 20_000
    assert chisquare(counts, expected / expected.sum() * 20_000).pvalue > 1e-3


def test_starts_are_uniform_within_a_region(drawn):
    files, first = drawn
    starts = first[files == 0]
    counts = np.bincount(starts, minlength=81)
    assert len(counts) == 81 and counts.min() > 0  # the first and the last possible one, too
    assert chisquare(counts).pvalue > 1e-3
    assert (first[files == 3] == OFFSETS[3] + 10).all()


def test_a_sample_depends_on_seed_epoch_and_index_alone(sampler):
    files, first = sampler.draw(1000, epoch=3, seed=7)
    for count in (1, 10, 999):
        again = sampler.draw(count, epoch=3, seed=7)
        assert np.array_equal(again[0], files[:count]) and np.array_equal(again[1], first[:count])
    for epoch, seed in ((4, 7), (3, 8), (7, 3)):
        assert (sampler.draw(1000, epoch, seed)[1] != first).mean() > 0.9


def test_annotation_beyond_the_last_frame_is_not_drawn():
    files = [recording("a", [(0.0, 10.0)], 10.0)]
    _, first = ChunkSampler(files, np.array([0, 95]), FRAMES, STEP).draw(5000, 0, 0)
    assert first.max() == 75


@pytest.mark.parametrize("regions", [[], [(0.0, 1.9)], [(0.0, 1.0), (1.5, 2.5)]])
def test_without_a_region_as_long_as_a_chunk_there_is_nothing_to_draw(regions):
    with pytest.raises(DataError, match=r"No annotated region of the 1 training files.*2 s.*duration"):
        ChunkSampler([recording("a", regions, 10.0)], np.array([0, 100]), FRAMES, STEP)


@pytest.mark.parametrize("block", [1, 7, 100, 1 << 16])
def test_mean_and_deviation_of_blocks_are_those_of_the_whole(block):
    data = (np.random.default_rng(0).normal(size=(333, 4)) * [1, 5, 0.1, 0] + [0, -80, 1e4, 3]).astype(
        np.float32
    )
    mean, deviation = mean_and_deviation(data, block)
    assert mean.dtype == deviation.dtype == torch.float32
    assert np.allclose(mean, data.mean(axis=0, dtype=np.float64), rtol=1e-6)
    assert np.allclose(deviation, data.std(axis=0, dtype=np.float64), rtol=1e-5, atol=1e-7)
