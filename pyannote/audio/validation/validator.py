"""The one validator: scores epochs, keeps their records on disk, and writes what is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pyannote.audio.inference.bundle import Bundle
from pyannote.audio.io.experiment_folders import PARAMS
from pyannote.audio.io.yaml_files import write_yaml
from pyannote.audio.validation.measure import Measure, Record
from pyannote.audio.validation.records import Records

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter


class Validator:
    """Validates epochs of a training by a measure.

    Parameters
    ----------
    bundle : Bundle
        The training.
    measure : Measure
        Value of each epoch.
    name : str
        Protocol and subset, `<Protocol>.<subset>`.
    folder : str, optional
        Folder of validations in that of the training. Defaults to `validate_<measure>`.
    """

    def __init__(self, bundle: Bundle, measure: Measure, name: str, folder: str | None = None) -> None:
        self.bundle, self.measure, self.name = bundle, measure, name
        self.folder: Path = bundle.folder.path / (folder or f"validate_{measure.name}") / name
        self.checkpoints = bundle.checkpoints
        settings = {"model": bundle.digest, **measure.settings()}
        self.records = Records(self.folder / "scores", settings, self.checkpoints.version)

    def recall(self, epochs: Sequence[int]) -> set[int]:
        """Evaluate epochs that an earlier validation has scored, and return them."""
        kept = self.records.kept(epochs)
        for epoch in kept:
            self.measure.add(epoch, self.records.read(epoch))
        return set(kept)

    def score(self, epoch: int) -> Record:
        """Apply the network with the weights of an epoch.

        Raises
        ------
        CheckpointError
            If the epoch is damaged, or its network gives no finite numbers.
        """
        return self.measure.score(epoch)

    def keep(self, epoch: int, record: Record, writer: SummaryWriter) -> str:
        """Evaluate an epoch, write its record and the choice so far, log it, and describe it."""
        self.records.save(epoch, [record])
        self.measure.add(epoch, record)
        self.write()
        self.measure.log(writer, f"validate/{self.name}", epoch, record)
        writer.flush()
        return f"Epoch {epoch}: {self.measure.sentence(epoch)}"

    def write(self) -> None:
        """Write params.yml, with what tells the training and its epochs from others."""
        self.measure.write_files(self.folder)
        chosen = self.measure.chosen()
        provenance = {"model": self.bundle.digest, "code": self.bundle.code, **chosen.pop("provenance", {})}
        epochs = chosen.pop("epochs")
        weights = {epoch: self.checkpoints.version(epoch) for epoch in sorted(epochs)}
        single = {name: value for name, value in chosen.items() if not isinstance(value, dict)}
        write_yaml(self.folder / PARAMS, {**single, "provenance": provenance, "weights": weights, **chosen})
