"""Trained detector with the epochs and parameters that one validation has chosen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from pyannote.audio.core.errors import CheckpointError, UsageError
from pyannote.audio.inference.bundle import bundle_of
from pyannote.audio.inference.detection_params import load_params
from pyannote.audio.inference.ensemble import Ensemble
from pyannote.audio.inference.slide import Slide
from pyannote.audio.io.experiment_folders import ValidateFolder, check_version


class Validated:
    """Trained detector with the epochs and parameters that one validation has chosen.

    Parameters are those of `Pretrained`, for one folder.

    Raises
    ------
    CheckpointError
        If the folder holds no validation, or its training is damaged.
    UsageError
        If the validation has found its thresholds with chunks of another duration.

    Examples
    --------
    >>> Validated(ValidateFolder(getfixture("detector"))).chosen["car"]["epoch"]
    1
    """

    def __init__(
        self,
        folder: ValidateFolder,
        selection: str = "class-wise",
        step: float = 0.25,
        batch_size: int = 32,
        device: torch.device | str = "cpu",
        duration: float | None = None,
    ) -> None:
        self.folder, self.params = folder, load_params(folder.path)
        self.bundle = bundle_of(folder, self.params)
        self.extraction = self.bundle.extraction()
        self.specifications = self.bundle.specifications
        classes = self.specifications.classes
        chosen: dict[str, Any] = self.params["class_wise" if selection == "class-wise" else "params"]
        if set(chosen) != set(classes):
            raise CheckpointError(
                "This file of parameters is damaged.", file=folder.params, fix="Run `validate` again."
            )
        self.chosen: dict[str, dict[str, Any]] = {name: chosen[name] for name in classes}
        epochs = [values["epoch"] for values in self.chosen.values()]
        self.frames = self._frames(duration)
        slides = {}
        for epoch in sorted(set(epochs)):
            check_version(self.params, epoch, self.bundle.checkpoints, folder.path)
            model = self.bundle.load(self.bundle.network(), epoch)
            slides[epoch] = Slide(model.to(device), self.frames, step, batch_size)
        self.ensemble = Ensemble(slides, epochs)

    @property
    def name(self) -> str:
        """Path of the validation from the name of the experiment on, with slashes.

        Examples
        --------
        >>> name = Validated(ValidateFolder(getfixture("detector"))).name
        >>> name == "/".join(getfixture("detector").parts[-5:])
        True
        """
        return "/".join(self.folder.path.parts[-5:])

    @property
    def provenance(self) -> Mapping[str, Any]:
        """Model, weights and options that scores depend on, except the step of chunks.

        Examples
        --------
        >>> sorted(Validated(ValidateFolder(getfixture("detector"))).provenance)
        ['code', 'epochs', 'frames', 'model', 'weights']
        """
        return {
            "model": self.bundle.digest,
            "code": self.bundle.code,
            "weights": {str(epoch): self.bundle.checkpoints.version(epoch) for epoch in self.ensemble.slides},
            "epochs": {name: values["epoch"] for name, values in self.chosen.items()},
            "frames": self.frames,
        }

    def _frames(self, duration: float | None) -> int:
        """Feature frames of a chunk; chunks of another duration than in the validation are refused."""
        frames_of = self.specifications.frames_of
        if "chunk" not in self.params:
            return frames_of(duration)
        validated: float = self.params["chunk"]["duration"]
        if duration is not None and frames_of(duration) != frames_of(validated):
            raise UsageError(
                f"--duration={duration:g} is not the duration of the chunks that the thresholds of this "
                f"validation were found with, which is {validated:g} s.",
                file=self.folder.params,
                fix=f"Leave it out, or run `validate` with --duration={duration:g} first.",
            )
        return frames_of(validated)
