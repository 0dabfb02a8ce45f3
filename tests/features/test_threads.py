"""Matrices are multiplied in one thread, and then in as many as before."""

import numpy as np
import scipy.linalg  # noqa: F401
from threadpoolctl import threadpool_info, threadpool_limits

from pyannote.audio.features._threads import single_blas_thread
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
