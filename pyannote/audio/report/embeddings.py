"""What tensorboard shows of a training batch: distances, and the embeddings themselves."""

from __future__ import annotations

import numpy as np
from torch.utils.tensorboard import SummaryWriter

from pyannote.audio.core.specifications import Specifications
from pyannote.audio.metrics.clustering import Metric, distances
from pyannote.audio.train.interfaces import EpochReport


def log_distances(writer: SummaryWriter, report: EpochReport, metric: Metric) -> None:
    """Histograms of the distances of positives (same speaker) and negatives in the last batch of an epoch."""
    labels = report.targets.cpu().numpy()
    first, second = np.triu_indices(len(labels), k=1)
    same = labels[first] == labels[second]
    between = distances(report.outputs.float().cpu().numpy(), metric)
    for name, chosen in (("positives", same), ("negatives", ~same)):
        if chosen.any():
            writer.add_histogram(f"train/distances/{name}", between[chosen], report.epoch)


def log_projection(writer: SummaryWriter, report: EpochReport, specifications: Specifications) -> None:
    """Embeddings of the last batch of an epoch, labelled with their speakers, for the projector."""
    speakers = [specifications.classes[label] for label in report.targets.tolist()]
    writer.add_embedding(
        report.outputs.float().cpu(), metadata=speakers, global_step=report.epoch, tag="train_embeddings"
    )
