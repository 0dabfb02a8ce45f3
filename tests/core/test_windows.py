"""Chunks and their aggregation, against loops."""

import numpy as np
import pytest

from pyannote.audio.core.windows import chunk_starts, overlap_add


@pytest.mark.parametrize("frames", [1, 2, 7, 8, 9, 31, 32, 100])
@pytest.mark.parametrize(("duration", "step"), [(1, 1), (8, 1), (8, 2), (8, 3), (8, 8), (40, 13)])
def test_chunks_cover_all_frames_and_none_is_needless(frames, duration, step):
    starts = chunk_starts(frames, duration, step)
    covered = {start + index for start in starts.tolist() for index in range(duration)}
    assert covered >= set(range(frames))
    assert np.array_equal(starts, np.arange(len(starts)) * step)
    assert len(starts) == 1 or starts[-2] + duration < frames


@pytest.mark.parametrize("seed", range(5))
def test_overlap_add_is_the_mean_of_what_covers_a_frame(seed):
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
        for frame in range(frames)
    ]
    found = overlap_add(chunks, starts, frames)
    assert found.shape == (frames, 3) and found.dtype == np.float32
    assert np.allclose(found, expected, atol=1e-7)


def test_equal_chunks_are_kept_exactly():
    chunks = np.full((9, 10, 2), 0.1, dtype=np.float32)
    assert (overlap_add(chunks, np.arange(9) * 3, 34) == np.float32(0.1)).all()
