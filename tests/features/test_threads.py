"""BLAS is limited to one thread while features are computed, and restored afterwards."""

import numpy as np
import pytest
import scipy.linalg  # noqa: F401
from threadpoolctl import threadpool_info, threadpool_limits

from pyannote.audio.features._threads import single_blas_thread
from pyannote.audio.features.frames import FrameReader
from pyannote.audio.features.raw_audio import RawAudio
from pyannote.audio.store.feature_store import FeatureStore


def blas_threads():
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


def test_threads_are_limited_within_and_are_as_before_after():
    with threadpool_limits(2, user_api="blas"):
        before = blas_threads()
        with single_blas_thread():
            assert blas_threads() <= {1}
        assert blas_threads() == before


def test_chunks_are_computed_in_one_thread(tmp_path):
    seen = []

    class Watching(RawAudio):
        def of_excerpts(self, waveforms):
            seen.append(blas_threads())
            return super().of_excerpts(waveforms)

    pack = FeatureStore(Watching(), tmp_path).pack(
        [{"waveform": np.ones(100), "sample_rate": 16000}], [lambda waveforms, random: -waveforms]
    )
    with threadpool_limits(2, user_api="blas"):
        pack.gather(np.array([0, 5]), 10, np.random.default_rng(0))
    assert seen and all(threads <= {1} for threads in seen)


def test_the_limit_holds_until_the_last_one_is_done():
    """As of two threads that compute at once: the first that begins is the first that ends."""
    with threadpool_limits(2, user_api="blas"):
        before = blas_threads()
        first, second = single_blas_thread(), single_blas_thread()
        first.__enter__()
        second.__enter__()
        first.__exit__(None, None, None)
        assert blas_threads() <= {1}
        second.__exit__(None, None, None)
        assert blas_threads() == before


@pytest.mark.parametrize(("frames", "threads"), [(24001, 2), (24001, 3), (360_001, 4), (3000, 2), (5, 2)])
def test_threads_share_a_recording_evenly(frames, threads):
    reader = FrameReader(frames, lambda first, last: np.zeros((last - first, 1), dtype=np.float32))
    sizes = [len(piece) for piece in reader.pieces(8192, threads)]
    assert sum(sizes) == frames and max(sizes) <= 8192
    turns = [sum(sizes[thread::threads]) for thread in range(threads)]
    assert max(turns) - min(turns) < 1024 * threads
