"""Validator of all blocks: scores epochs, stores their records, and writes the selection."""

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
    """Validates the epochs of a training by a measure.

    Parameters
    ----------
    bundle : Bundle
        Trained model.
    measure : Measure
        Value of each epoch.
    name : str
        Protocol and subset, `<Protocol>.<subset>`.
    folder : str, optional
        Folder of validations below that of the training. Defaults to `validate_<measure>`.

    Examples
    --------
    >>> validator = getfixture("validator")
    >>> record = validator.measure.score(epoch=1)
    >>> record.shape, validator.folder.parent.name
    ((100, 2), 'validate_average_detection_fscore')
    """

    def __init__(self, bundle: Bundle, measure: Measure, name: str, folder: str | None = None) -> None:
        self.bundle, self.measure, self.name = bundle, measure, name
        self.folder: Path = bundle.folder.path / (folder or f"validate_{measure.name}") / name
        self.checkpoints = bundle.checkpoints
        settings = {"model": bundle.digest, **measure.settings()}
        self.records = Records(self.folder / "scores", settings, self.checkpoints.version)

    def restore(self, epochs: Sequence[int]) -> set[int]:
        """Evaluate the stored records of an earlier validation, and return their epochs.

        Examples
        --------
        >>> getfixture("validator").restore([1, 2])
        set()
        """
        stored = self.records.stored(epochs)
        for epoch in stored:
            self.measure.add(epoch, self.records.read(epoch))
        return set(stored)

    def store(self, epoch: int, record: Record, writer: SummaryWriter) -> str:
        """Evaluate an epoch, and write its record, the selection so far and its curves.

        Parameters
        ----------
        epoch : int
        record : ndarray, of the shape that `Measure.score` gives
        writer : SummaryWriter

        Returns
        -------
        str
            Line for the log.
        """
        self.records.save(epoch, [record])
        self.measure.add(epoch, record)
        self.write()
        self.measure.log(writer, f"validate/{self.name}", epoch, record)
        writer.flush()
        return f"Epoch {epoch}: {self.measure.sentence(epoch)}"

    def write(self) -> None:
        """Write params.yml, with digests of the trained model, its weights and the files.

        Examples
        --------
        >>> validator = getfixture("validator")
        >>> validator.write()
        >>> print((validator.folder / "params.yml").read_text().splitlines()[0])
        epoch: 2
        """
        self.measure.write_files(self.folder)
        chosen = self.measure.chosen()
        provenance = {"model": self.bundle.digest, "code": self.bundle.code, **chosen.pop("provenance", {})}
        epochs = chosen.pop("epochs")
        weights = {epoch: self.checkpoints.version(epoch) for epoch in sorted(epochs)}
        single = {name: value for name, value in chosen.items() if not isinstance(value, dict)}
        write_yaml(self.folder / PARAMS, {**single, "provenance": provenance, "weights": weights, **chosen})
