"""Curves of embeddings for tensorboard: histograms of distances, and projections."""

from __future__ import annotations

import numpy as np
from torch.utils.tensorboard import SummaryWriter

from pyannote.audio.core.specifications import Specifications
from pyannote.audio.metrics.distances import Metric, distances
from pyannote.audio.train.interfaces import EpochReport


def log_distances(writer: SummaryWriter, report: EpochReport, metric: Metric) -> None:
    """Write histograms of the distances between embeddings of the same speaker and of different speakers.

    Parameters
    ----------
    writer : SummaryWriter
    report : EpochReport
        Epoch whose last batch is drawn: outputs of shape (batch, dimension), speakers of shape (batch,).
    metric : {"cosine", "euclidean", "angular"}
        Distance.

    Examples
    --------
    >>> import torch
    >>> outputs, speakers = torch.eye(4), torch.tensor([0, 0, 1, 1])
    >>> report = EpochReport(1, 0.5, 0.01, 1.0, 4, outputs, speakers, outputs, {})
    >>> with SummaryWriter(getfixture("tmp_path")) as writer:
    ...     log_distances(writer, report, "cosine")
    """
    labels = report.targets.cpu().numpy()
    first, second = np.triu_indices(len(labels), k=1)
    same = labels[first] == labels[second]
    between = distances(report.outputs.float().cpu().numpy(), metric)
    for name, pairs in (("positives", same), ("negatives", ~same)):
        if pairs.any():
            writer.add_histogram(f"train/distances/{name}", between[pairs], report.epoch)


def log_projection(writer: SummaryWriter, report: EpochReport, specifications: Specifications) -> None:
    """Write embeddings with the names of their speakers, for the projector of tensorboard.

    Parameters
    ----------
    writer : SummaryWriter
    report : EpochReport
        Epoch whose last batch is written: outputs of shape (batch, dimension), speakers of shape (batch,).
    specifications : Specifications
        Names of the speakers.

    Examples
    --------
    >>> import torch
    >>> specifications = Specifications("TripletLoss", {"X": 40}, ("ann", "bob"), 2.0, 0.01, 16000)
    >>> outputs, speakers = torch.eye(4), torch.tensor([0, 0, 1, 1])
    >>> report = EpochReport(1, 0.5, 0.01, 1.0, 4, outputs, speakers, outputs, {})
    >>> with SummaryWriter(getfixture("tmp_path")) as writer:
    ...     log_projection(writer, report, specifications)
    """
    speakers = [specifications.classes[label] for label in report.targets.tolist()]
    writer.add_embedding(
        report.outputs.float().cpu(), metadata=speakers, global_step=report.epoch, tag="train_embeddings"
    )
