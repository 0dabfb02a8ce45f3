"""Tiny trained models for the examples in docstrings, as pytest fixtures."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from pyannote.audio.config.recipe import Recipe
from pyannote.audio.config.resolved import dumped
from pyannote.audio.config.schema import Block, load_config
from pyannote.audio.core.contents import Content
from pyannote.audio.core.digests import digest
from pyannote.audio.core.labels import raster
from pyannote.audio.embedding.backends import Direct
from pyannote.audio.inference.bundle import Bundle
from pyannote.audio.inference.embedder import Embedder, Excerpt
from pyannote.audio.inference.slide import Slide
from pyannote.audio.inference.stored_config import model_digest, origin_of
from pyannote.audio.io.checkpoint import Checkpoints
from pyannote.audio.io.experiment_folders import TrainFolder, ValidateFolder
from pyannote.audio.io.yaml_files import write_yaml
from pyannote.audio.pipeline.binarize import Binarize
from pyannote.audio.train.optimizers import SGD
from pyannote.audio.train.schedulers import ConstantScheduler
from pyannote.audio.train.trainer import Trainer
from pyannote.audio.validation.criterion import Criterion
from pyannote.audio.validation.detection import Detection
from pyannote.audio.validation.embeddings import EmbeddingMeasure
from pyannote.audio.validation.reference import Reference
from pyannote.audio.validation.validator import Validator
from pyannote.audio.validation.verification import Verification

DETECTOR = """\
task: {name: MultilabelDetection, params: {labels_spec: {regular: [car, children]}, duration: 0.5}}
feature_extraction: {name: LibrosaMelSpectrogram, params: {sample_rate: 16000, n_mels: 8}}
architecture: {name: Dcase, params: {channels: 4, hidden: 4, pooling: [2, 2, 1, 1]}}
scheduler: {name: ConstantScheduler}
"""

EMBEDDING = """\
approach: {name: TripletLoss, params: {per_fold: 2, per_label: 2, duration: 0.5}}
feature_extraction: {name: LibrosaMFCC, params: {sample_rate: 16000, De: False, DDe: False, D: False}}
architecture: {name: ClopiNet, params: {rnn: GRU, recurrent: [6], linear: [8]}}
scheduler: {name: ConstantScheduler}
"""


TURNS = [
    {
        "uri": "a",
        "regions": [(0.0, 9.0)],
        "events": [(0.0, 4.0, "car"), (5.0, 9.0, "children")],
        "duration": 9.0,
    }
]


class Sign:
    """Task of one batch an epoch: tell positive from negative frames."""

    def __init__(self) -> None:
        self.head = nn.Identity()
        self.batches_per_epoch = 1

    def batches(self, epoch, seed, rank):  # noqa: ANN001, ANN201
        """One batch of four chunks of eight frames."""
        frames = torch.randn(4, 8, 1, generator=torch.Generator().manual_seed(seed + epoch))
        yield {"X": frames, "y": (frames > 0).float()}

    def targets(self, truth, resolution):  # noqa: ANN001, ANN201
        """Targets of the frames as they are."""
        return truth

    def loss(self, outputs, targets):  # noqa: ANN001, ANN201
        """Binary cross-entropy."""
        return nn.functional.binary_cross_entropy_with_logits(outputs, targets)

    def measures(self) -> dict[str, float]:
        """No further measures."""
        return {}


class Linear(nn.Linear):
    """One weight and one bias for each frame."""

    resolution = 1

    def forward(self, batch):  # noqa: ANN001, ANN201
        """Scores of each frame."""
        return super().forward(batch["X"])


@pytest.fixture
def trainer() -> Trainer:
    """A linear model, to be trained to tell positive from negative frames."""
    torch.manual_seed(0)
    model = Linear(1, 1)
    return Trainer(model, Sign(), SGD()(model.parameters(), 0.1), ConstantScheduler(0.1))


def trained(root: Path, config: str) -> Path:
    """Folder of a training with two epochs of random weights."""
    (root / "config.yml").write_text(config)
    recipe = Recipe(load_config(root / "config.yml"))
    recipe.task.check(TURNS)
    torch.manual_seed(0)
    specifications = recipe.task.specifications(recipe.extraction)
    model = recipe.model(specifications)
    specifications = specifications.of_model(model.resolution)
    folder = TrainFolder(root / "train" / "Own.SpeakerVerification.Protocol.train")
    model_of = model_digest(recipe.resolved, recipe.extraction, specifications)
    folder.write_specifications(specifications)
    provenance = {
        "protocol": "Own.SpeakerVerification.Protocol",
        "code": {},
        "model": model_of,
        "files": folder.write_files({"a001": Content("audio", "annotation")}),
    }
    provenance["training"] = digest(provenance)
    write_yaml(folder.config, {**dumped(recipe.resolved), "provenance": provenance})
    for epoch in (1, 2):
        Checkpoints(folder.weights, origin_of(provenance)).save(epoch, model.state_dict(), {})
    return folder.path


def validated(train: Path, params: dict) -> Path:
    """Folder of a validation that has chosen epoch 1."""
    path = train / "validate" / "Own.SpeakerVerification.Protocol.development"
    path.mkdir(parents=True)
    write_yaml(path / "params.yml", {"epoch": 1, **params})
    return path


@pytest.fixture(scope="session")
def detector(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a validation of a detector of the classes car and children."""
    chosen = {"epoch": 1, **Binarize(0.5, 0.5).dump()}
    train = trained(tmp_path_factory.mktemp("detector"), DETECTOR)
    choices = {
        part: {name: dict(chosen) for name in ("car", "children")} for part in ("params", "class_wise")
    }
    return validated(train, choices)


@pytest.fixture(scope="session")
def front_end(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """File of a network that gives 4 values each 160 samples."""
    from onnx_files import convolution

    path = tmp_path_factory.mktemp("networks") / "front_end.onnx"
    weights = np.random.default_rng(0).normal(size=(4, 1, 240))
    return convolution(path, weights, hop=160, pads=(40, 40))


@pytest.fixture(scope="session")
def verifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a validation of an embedding."""
    train = trained(tmp_path_factory.mktemp("embedding"), EMBEDDING)
    chunk = {"duration": 0.5, "step": 0.5}
    params = {
        "metric": "equal_error_rate",
        "distance": "cosine",
        "params": {"threshold": 0.2},
        "chunk": chunk,
    }
    return validated(train, params)


@pytest.fixture
def detection(detector: Path) -> Detection:
    """Measure of the detector on a recording of 4 s with two events, two epochs of which are evaluated."""
    bundle = Bundle.of(ValidateFolder(detector).train)
    slide = Slide(bundle.network(), bundle.specifications.frames, step=0.5)
    file = {"uri": "a001", "duration": 4.0, "regions": [(0.0, 4.0)]}
    events = [[(1.0, 2.0, "car"), (2.5, 3.5, "children")]]
    step, outputs = bundle.specifications.output.step, slide.outputs(400)
    reference = Reference([file], bundle.specifications.classes, events, step, [outputs])
    inputs = [{"X": np.zeros((400, 8), dtype=np.float32)}]
    criterion = Criterion(tolerance=0.0)
    measure = Detection(bundle, slide, lambda: inputs, reference, {"files": {}}, "0", criterion)
    scores = raster(events[0], reference.classes, outputs, step).astype(np.float32)
    measure.add(1, np.full_like(scores, 0.4))
    measure.add(2, 0.1 + 0.8 * scores)
    return measure


@pytest.fixture
def embedding_measure(verifier: Path) -> EmbeddingMeasure:
    """Measure of the embedding by two trials of three recordings, with one epoch evaluated."""
    bundle = Bundle.of(ValidateFolder(verifier).train)
    frames = bundle.specifications.frames
    embedder = Embedder(bundle.network(), frames, step=frames)
    features = np.random.default_rng(0).normal(size=(3, 60, bundle.extraction().dimension))
    excerpts = [Excerpt("a", one.astype(np.float32), [(0, 60)]) for one in features]
    trials = Verification(excerpts, np.array([0, 0]), np.array([1, 2]), np.array([True, False]))
    chunk = {"duration": 0.5, "step": 1.0}
    measure = EmbeddingMeasure(bundle, embedder, trials, Direct(), Block("Direct"), chunk, lambda: ([], []))
    measure.add(1, np.array([0.9, 0.1]))
    return measure


@pytest.fixture
def validator(detection: Detection) -> Validator:
    """Validation of the detector."""
    return Validator(detection.bundle, detection, "Own.SpeakerVerification.Protocol.test")
