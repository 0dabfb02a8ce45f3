"""Matrices are multiplied in one thread, and then in as many as before."""

import threading
import time

import numpy as np
import pytest
import scipy.linalg  # noqa: F401
from threadpoolctl import threadpool_info, threadpool_limits

from pyannote.audio.features._threads import in_order, single_blas_thread
from pyannote.audio.features.base import FrameReader
from pyannote.audio.features.raw_audio import RawAudio
from pyannote.audio.features.store import FeatureStore


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


def test_results_come_in_order_from_several_threads():
    seen, together = set(), threading.Barrier(2, timeout=10)

    def work(item):
        if item < 2:
            together.wait()  # fails unless two of them are at work at once
        seen.add(threading.get_ident())
        time.sleep(0.01 * (item % 3 == 0))
        return -item

    assert list(in_order(work, range(20), threads=2)) == [-item for item in range(20)]
    assert len(seen) == 2 and threading.get_ident() not in seen


def test_threads_do_not_run_far_ahead():
    """Otherwise the features of ten hours would wait in memory for the disk."""
    begun = []
    results = in_order(begun.append, range(100), threads=2)
    next(results)
    time.sleep(0.1)
    assert len(begun) <= 4
    results.close()


def test_what_fails_in_a_thread_fails():
    def work(item):
        raise ValueError(f"item {item}")

    with pytest.raises(ValueError, match="item 0"):
        list(in_order(work, range(5), threads=2))


@pytest.mark.parametrize(("frames", "threads"), [(24001, 2), (24001, 3), (360_001, 4), (3000, 2), (5, 2)])
def test_threads_share_a_recording_evenly(frames, threads):
    reader = FrameReader(frames, lambda first, last: np.zeros((last - first, 1), dtype=np.float32))
    sizes = [len(piece) for piece in reader.pieces(8192, threads)]
    assert sum(sizes) == frames and max(sizes) <= 8192
    turns = [sum(sizes[thread::threads]) for thread in range(threads)]
    assert max(turns) - min(turns) < 1024 * threads
