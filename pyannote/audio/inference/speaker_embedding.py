"""A trained embedding, ready to be applied to anything in which somebody speaks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
import torch
from numpy.typing import NDArray

from pyannote.audio.core.digests import arrays_digest
from pyannote.audio.core.errors import CheckpointError, DataError
from pyannote.audio.core.values import LAST_EPOCH, Values
from pyannote.audio.core.windows import DAY
from pyannote.audio.embedding.backends._build import backend_of, block_of_params
from pyannote.audio.embedding.backends.base import Backend, Metric
from pyannote.audio.features.base import FeatureExtraction
from pyannote.audio.inference.bundle import bundle_of
from pyannote.audio.inference.embedder import Embedder, Embeddings, Excerpt
from pyannote.audio.io.archives import check_archive
from pyannote.audio.io.experiment_folders import ValidateFolder, check_version
from pyannote.audio.io.waveform import AudioFile
from pyannote.audio.io.yaml_files import load_yaml

if TYPE_CHECKING:
    from pyannote.core import SlidingWindow, SlidingWindowFeature

FARTHEST = 1e6
"""Largest similarity or distance that a threshold may ask for; back-ends give ratios of likelihoods."""


class SpeakerEmbedding:
    """Embeddings by the epoch that a validation has chosen.

    If its configuration names classes of one's own, `config.classes.load_code` must have loaded them.

    Parameters
    ----------
    validate_dir : path
        Folder that `validate` has written, with params.yml.
    duration : float, optional
        Duration of a window in seconds. Defaults to that of the validation.
    batch_size : int
        Windows that are computed at once.
    device : torch.device or str
        Where to compute.

    Attributes
    ----------
    epoch : int
        That was chosen.
    step : float
        From one window to the next, in seconds: a quarter of the window, unless it is set.
    threshold : float
        Two recordings are of the same speaker if their `similarity` is at least this. Where the
        validation was one of clustering, clusters are merged whose distance is at most this.

    Raises
    ------
    CheckpointError
        If the folder holds no validation of embeddings, or its training is damaged.
    """

    def __init__(
        self,
        validate_dir: str | Path,
        duration: float | None = None,
        batch_size: int = 32,
        device: torch.device | str = "cpu",
    ) -> None:
        folder = ValidateFolder(Path(validate_dir))
        params = _load_params(folder.path)
        self.epoch: int = params["epoch"]
        self.metric: str = params["metric"]
        self.threshold: float = params["params"]["threshold"]
        self.bundle = bundle_of(folder, params)
        checkpoints = self.bundle.checkpoints
        self.specifications = self.bundle.specifications
        self.extraction: FeatureExtraction = self.bundle.extraction()
        check_version(params, self.epoch, checkpoints, folder.path)
        model = self.bundle.load(self.bundle.network(), self.epoch)
        self.duration: float = duration or params["chunk"]["duration"]
        self.step = self.duration / 4
        frames = self.specifications.frames_of(self.duration)
        # whole recordings are embedded as they were when the threshold was found
        hop = max(1, round(params["chunk"]["step"] * frames))
        self.embedder = Embedder(model.to(device), frames, hop, batch_size)
        block, document = block_of_params(params, folder.params)
        self.backend: Backend = backend_of(block, document, "cosine", params["distance"])
        learned = params.get("provenance", {}).get("backend")
        self._backend = [params.get("backend"), params["distance"], learned]
        if self.backend.needs_training:
            version = checkpoints.version(self.epoch)
            path = folder.path / "backend" / f"{self.epoch:04d}.{version}.npz"
            _teach(self.backend, path, learned)

    @property
    def provenance(self) -> dict[str, Any]:
        """All that windows depend on beside the recordings."""
        return {
            "model": self.bundle.digest,
            "code": self.bundle.code,
            "weights": {str(self.epoch): self.bundle.checkpoints.version(self.epoch)},
            "backend": self._backend,
            "duration": self.duration,
            "step": self.step,
        }

    @property
    def dimension(self) -> int:
        """Dimension of an embedding."""
        return self.embedder.model.dimension

    @property
    def sliding_window(self) -> SlidingWindow:
        """Where windows lie in time."""
        from pyannote.core import SlidingWindow

        return SlidingWindow(start=0.0, duration=self.duration, step=self.step)

    def windows(self, features: NDArray[np.float32]) -> Embeddings:
        """Embeddings of a sliding window.

        Parameters
        ----------
        features : float32, shape (frames, dimension)
            Of a whole recording.

        Returns
        -------
        float32, shape (windows, dimension)
            The last window is the first one that reaches the end of the recording, or the last one that
            begins before it; of a recording that is shorter than a window there is one.
        """
        step, frames = self.specifications.step, self.embedder.frames
        count = 1 + max(0, int(np.ceil((len(features) - frames) * step / self.step - 1e-6)))
        starts = np.round(np.arange(count) * self.step / step).astype(np.int64)
        starts = starts[starts < len(features)]
        # one array from the start: small ones, kept between what batches need and give back, would leave the
        # memory of a long recording in pieces that nothing fits into
        embeddings = np.empty((len(starts), self.dimension), dtype=np.float32)
        done = 0
        for batch in self.embedder.slide(features, starts):
            embeddings[done : done + len(batch)] = batch
            done += len(batch)
        return self.backend.transform(embeddings)

    def __call__(self, file: AudioFile) -> SlidingWindowFeature:
        """Embeddings of a recording on a sliding window.

        Parameters
        ----------
        file : path or mapping
            A path, a file of a protocol, or a mapping with "waveform" and "sample_rate".

        Returns
        -------
        SlidingWindowFeature
            Of shape (windows, dimension).
        """
        from pyannote.core import SlidingWindowFeature

        return SlidingWindowFeature(self.windows(self.extraction(file).data), self.sliding_window)

    def embed(self, *files: AudioFile) -> Embeddings:
        """One embedding for each whole recording, shape (files, dimension)."""
        excerpts = []
        for file in files:
            features = self.extraction(file).data
            excerpts.append(Excerpt(str(file), features, [(0, len(features))]))
        return self.backend.transform(self.embedder(excerpts))

    def similarity(self, one: AudioFile, other: AudioFile) -> float:
        """How alike the speakers of two recordings are; the higher, the more.

        Raises
        ------
        DataError
            If an embedding is not finite.
        """
        embeddings = self.embed(one, other)
        if not np.isfinite(embeddings).all():
            raise DataError("An embedding is not finite.", fix="Check that the recordings are not damaged.")
        return float(self.backend.similarity(embeddings, np.array([0]), np.array([1]))[0])


def _load_params(validate: Path) -> dict[str, Any]:
    path = validate / "params.yml"
    params = load_yaml(path, "Run `validate` first, and name the folder that it prints.")
    if "distance" not in params:
        raise CheckpointError(
            "These are no parameters of an embedding.",
            file=path,
            fix="Run `pyannote-audio emb validate` again, and name the folder that it prints.",
        )
    values = Values(params, path, "Correct it, or run `pyannote-audio emb validate` again.")
    values.whole("epoch", low=1, high=LAST_EPOCH)
    values.number("params", "threshold", low=-FARTHEST, high=FARTHEST)
    values.text("metric")
    values.choice("distance", among=get_args(Metric))
    values.number("chunk", "duration", low=0, high=DAY, above=True)
    values.number("chunk", "step", low=0, high=DAY, above=True)
    return params


def _teach(backend: Backend, path: Path, expected: str | None) -> None:
    """Give a backend what it has learned in a validation, whose digest that has stored."""
    try:
        check_archive(path)
        with np.load(path, allow_pickle=False) as arrays:
            state = dict(arrays)
        if expected not in (None, arrays_digest(state)):
            raise ValueError("it is that of another validation")
        backend.load(state)
    except Exception:
        # numpy and zipfile answer damaged files with a dozen kinds of exceptions
        raise CheckpointError(
            "What the backend has learned is missing or damaged.", file=path, fix="Run `validate` again."
        ) from None
