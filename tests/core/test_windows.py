"""Chunks and their aggregation, against loops."""

import numpy as np
import pytest

from pyannote.audio.core.windows import OverlapAdd, chunk_starts


@pytest.mark.parametrize("frames", [1, 2, 7, 8, 9, 31, 32, 100])
@pytest.mark.parametrize(("duration", "step"), [(1, 1), (8, 1), (8, 2), (8, 3), (8, 8), (40, 13)])
def test_chunks_cover_all_frames_and_none_is_needless(frames, duration, step):
    starts = chunk_starts(frames, duration, step)
    covered = {start + index for start in starts.tolist() for index in range(duration)}
    assert covered >= set(range(frames))
    assert np.array_equal(starts, np.arange(len(starts)) * step)
    assert len(starts) == 1 or starts[-2] + duration < frames


def averaged(chunks, step, sizes):
    """Mean of chunks that come in batches of these sizes, the last of which is repeated."""
    mean, parts = OverlapAdd(step), []
    while len(chunks):
        size, *sizes = sizes if len(sizes) > 1 else sizes * 2
        parts.append(mean.add(chunks[:size]))
        chunks = chunks[size:]
    return np.concatenate([*parts, mean.rest()])


@pytest.mark.parametrize("sizes", [[1], [2], [1, 5, 2, 3], [1000]])
@pytest.mark.parametrize("seed", range(5))
def test_overlap_add_is_the_mean_of_what_covers_a_frame(seed, sizes):
    random = np.random.default_rng(seed)
    frames, duration = int(random.integers(1, 60)), int(random.integers(1, 20))
    step = int(random.integers(1, duration + 1))
    starts = chunk_starts(frames, duration, step)
    chunks = random.random((len(starts), duration, 3)).astype(np.float32)
    expected = [
        np.mean(
            [
                chunk[frame - start].astype(np.float64)
                for start, chunk in zip(starts, chunks, strict=True)
                if start <= frame < start + duration
            ],
            axis=0,
        )
        for frame in range(int(starts[-1]) + duration)
    ]
    found = averaged(chunks, step, sizes)
    assert found.shape[1] == 3 and found.dtype == np.float32
    assert np.allclose(found[: len(expected)], expected, atol=1e-7)


def test_frames_are_given_as_soon_as_no_later_chunk_covers_them():
    mean, chunks = OverlapAdd(step=3), np.ones((7, 10, 2), dtype=np.float32)
    assert mean.add(chunks[:2]).shape == (6, 2) and mean.add(chunks[2:]).shape == (15, 2)


def test_equal_chunks_are_kept_exactly():
    chunks = np.full((9, 10, 2), 0.1, dtype=np.float32)
    assert (averaged(chunks, 3, [4])[:34] == np.float32(0.1)).all()
