"""Sliding windows and overlap-add, against loops."""

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


def loop(chunks, step):
    """Mean of what covers each frame, one chunk after the other in double precision."""
    count, duration, classes = chunks.shape
    frames = (count - 1) * step + duration
    sums, covering = np.zeros((frames, classes)), np.zeros((frames, 1))
    for index, chunk in enumerate(chunks):
        sums[index * step : index * step + duration] += chunk.astype(np.float64)
        covering[index * step : index * step + duration] += 1
    return sums / covering, int(covering.max())


@pytest.mark.parametrize(
    ("count", "duration", "step", "classes", "scale"),
    [
        (3000, 1000, 1, 2, 1.0),
        (500, 2000, 2, 3, 1e-6),
        (40, 37, 11, 3, 1e4),
        # ten hours of outputs every 0.09 s, of chunks of 2 s, each a quarter after the one before
        (80_000, 22, 5, 6, 1.0),
        pytest.param(30_000, 1000, 1, 1, 1.0, marks=pytest.mark.slow),
    ],
)
def test_overlap_add_equals_a_loop_in_double_precision(count, duration, step, classes, scale, promise):
    random = np.random.default_rng(count)
    chunks = (scale * random.random((count, duration, classes))).astype(np.float32)
    expected, overlaps = loop(chunks, step)
    found = averaged(chunks, step, [32])[: len(expected)]
    # what remains is the one rounding to single precision at the end
    errors = np.abs(found - expected) / np.spacing(expected.astype(np.float32))
    assert errors.max() <= 0.5 + 1e-6
    promise(
        "Overlap-add equals a loop in double precision.",
        f"{count:,} chunks of {duration} outputs, {step} apart, in batches of 32.",
        f"{overlaps:,} overlaps, {len(expected):,} outputs, at most half of the last bit of float32 off",
    )
