"""Trained speaker embeddings, to be applied to recordings."""

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

LARGEST_THRESHOLD = 1e6
"""Largest absolute threshold on similarities or distances; some back-ends give log-likelihood ratios."""


class SpeakerEmbedding:
    """Trained embedding, with the epoch that a validation has selected.

    User classes that its configuration names must have been loaded by `config.classes.load_code`.

    Parameters
    ----------
    validate_dir : path
        Folder of a validation, with params.yml.
    duration : float, optional
        Duration of a window in seconds. Defaults to that of the validation.
    batch_size : int
        Windows of a batch.
    device : torch.device or str
        Device of the model.

    Attributes
    ----------
    epoch : int
        Selected epoch.
    step : float
        Step from one window to the next, in seconds; a quarter of the window by default.
    threshold : float
        Two recordings are of the same speaker if their `similarity` is at least this. After a validation by
        clustering: clusters are merged if their distance is at most this.

    Raises
    ------
    CheckpointError
        If the folder holds no validation of embeddings, or its training is damaged.

    Examples
    --------
    >>> embedding = SpeakerEmbedding(getfixture("embedding"))
    >>> waveform = np.zeros(16000, dtype=np.float32)
    >>> embedding.embed({"waveform": waveform, "sample_rate": 16000}).shape
    (1, 8)
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
        # whole recordings are embedded as in the validation that has calibrated the threshold
        hop = max(1, round(params["chunk"]["step"] * frames))
        self.embedder = Embedder(model.to(device), frames, hop, batch_size)
        block, document = block_of_params(params, folder.params)
        self.backend: Backend = backend_of(block, document, "cosine", params["distance"])
        learned = params.get("provenance", {}).get("backend")
        self._backend = [params.get("backend"), params["distance"], learned]
        if self.backend.needs_training:
            version = checkpoints.version(self.epoch)
            path = folder.path / "backend" / f"{self.epoch:04d}.{version}.npz"
            _load_backend(self.backend, path, learned)

    @property
    def provenance(self) -> dict[str, Any]:
        """All that embeddings of windows depend on beside the recordings.

        Examples
        --------
        >>> SpeakerEmbedding(getfixture("embedding")).provenance["duration"]
        0.5
        """
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
        """Dimension of an embedding.

        Examples
        --------
        >>> SpeakerEmbedding(getfixture("embedding")).dimension
        8
        """
        return self.embedder.model.dimension

    @property
    def sliding_window(self) -> SlidingWindow:
        """Sliding window of the embeddings, shape (windows, dimension).

        Examples
        --------
        >>> SpeakerEmbedding(getfixture("embedding")).sliding_window[2].start
        0.25
        """
        from pyannote.core import SlidingWindow

        return SlidingWindow(start=0.0, duration=self.duration, step=self.step)

    def windows(self, features: NDArray[np.float32]) -> Embeddings:
        """Embeddings of sliding windows, transformed by the back-end.

        Parameters
        ----------
        features : float32, shape (frames, dimension)
            Features of a whole recording.

        Returns
        -------
        float32, shape (windows, dimension)
            At least one window. The last one is the first that reaches the end of the recording, or else the
            last one that starts before the end.

        Examples
        --------
        >>> embedding = SpeakerEmbedding(getfixture("embedding"))
        >>> embedding.windows(np.zeros((101, embedding.extraction.dimension), np.float32)).shape
        (6, 8)
        """
        step, frames = self.specifications.step, self.embedder.frames
        count = 1 + max(0, int(np.ceil((len(features) - frames) * step / self.step - 1e-6)))
        starts = np.round(np.arange(count) * self.step / step).astype(np.int64)
        starts = starts[starts < len(features)]
        # allocated at once: many small arrays between the temporary ones of batches would fragment the memory
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
            Embeddings of shape (windows, dimension).
        """
        from pyannote.core import SlidingWindowFeature

        return SlidingWindowFeature(self.windows(self.extraction(file).data), self.sliding_window)

    def embed(self, *files: AudioFile) -> Embeddings:
        """Embedding of each whole recording, shape (files, dimension).

        Examples
        --------
        >>> file = {"waveform": np.zeros(16000, dtype=np.float32), "sample_rate": 16000}
        >>> SpeakerEmbedding(getfixture("embedding")).embed(file, file).shape
        (2, 8)
        """
        excerpts = []
        for file in files:
            features = self.extraction(file).data
            excerpts.append(Excerpt(str(file), features, [(0, len(features))]))
        return self.backend.transform(self.embedder(excerpts))

    def similarity(self, one: AudioFile, other: AudioFile) -> float:
        """Similarity of the speakers of two recordings; the higher, the more similar.

        Raises
        ------
        DataError
            If an embedding is not finite.

        Examples
        --------
        >>> file = {"waveform": np.zeros(16000, dtype=np.float32), "sample_rate": 16000}
        >>> round(SpeakerEmbedding(getfixture("embedding")).similarity(file, file), 3)
        1.0
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
            "These are not the parameters of an embedding.",
            file=path,
            fix="Run `pyannote-audio emb validate` again, and name the folder that it prints.",
        )
    values = Values(params, path, "Correct it, or run `pyannote-audio emb validate` again.")
    values.whole("epoch", low=1, high=LAST_EPOCH)
    values.number("params", "threshold", low=-LARGEST_THRESHOLD, high=LARGEST_THRESHOLD)
    values.text("metric")
    values.choice("distance", among=get_args(Metric))
    values.number("chunk", "duration", low=0, high=DAY, above=True)
    values.number("chunk", "step", low=0, high=DAY, above=True)
    return params


def _load_backend(backend: Backend, path: Path, expected: str | None) -> None:
    """Load the state of a trained back-end, and compare it with the digest in params.yml."""
    try:
        check_archive(path)
        with np.load(path, allow_pickle=False) as arrays:
            state = dict(arrays)
        if expected not in (None, arrays_digest(state)):
            raise ValueError("it is that of another validation")
        backend.load(state)
    except Exception:
        # numpy and zipfile raise a dozen kinds of exceptions for damaged files
        raise CheckpointError(
            "The state of the back-end is missing or damaged.", file=path, fix="Run `validate` again."
        ) from None
