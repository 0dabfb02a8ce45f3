"""A new class gets all contract tests by existing: good ones pass them, and faulty ones do not.

New files are written into folders that the packages of the toolkit are told to look into as well. The
contract tests run over them in a process of their own; they are not told that there is anything new.
"""

import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]


class New(NamedTuple):
    """A class in the package that its kind belongs to, and a fault: what replaces what in its file."""

    package: str
    name: str
    source: str
    right: str
    wrong: str
    caught_by: str

    @property
    def faulty_name(self):
        return self.name.replace("Planted", "Faulty")

    def write(self, folder):
        """The file of the good class, and that of the faulty one."""
        inside = folder / self.package.rpartition(".")[2]
        inside.mkdir(parents=True, exist_ok=True)
        stem = self.name.removeprefix("Planted").lower()
        assert self.source.count(self.right) == 1
        (inside / f"planted_{stem}.py").write_text(self.source)
        faulty = self.source.replace(self.right, self.wrong).replace("Planted", "Faulty")
        (inside / f"faulty_{stem}.py").write_text(faulty)


NET = New(
    "pyannote.audio.models",
    "PlantedNet",
    '''
"""One layer."""
import torch
from torch import Tensor, nn
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.models.base import Model, Batch


class PlantedNet(Model):
    """Scores each frame by itself.

    Parameters
    ----------
    specifications : Specifications
        Inputs and classes.
    """

    resolution = 1

    def __init__(self, specifications: Specifications) -> None:
        super().__init__(specifications)
        self.layer = nn.Linear(sum(specifications.inputs.values()), len(specifications.classes))

    def forward(self, batch: Batch) -> Tensor:
        """Logits of each class."""
        frames = self.normalized(batch, "X")
        others = [self.normalized(batch, name) for name in self.specifications.inputs if name != "X"]
        repeated = [other[:, None].expand(-1, frames.shape[1], -1) for other in others]
        logits = self.layer(torch.cat([frames, *repeated], dim=2))
        return logits
''',
    "        return logits\n",
    "        return logits - logits.mean(dim=0)\n",
    "test_batches_do_not_mix_chunks_in_evaluation",
)
EMBEDDING = New(
    "pyannote.audio.models",
    "PlantedEmbedding",
    '''
"""Sum over time."""
from torch import Tensor, nn
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.models._embedding import EmbeddingModel
from pyannote.audio.models._normalization import Normalization


class PlantedEmbedding(EmbeddingModel):
    """Embeds a chunk by the mean of what one layer makes of its frames.

    Parameters
    ----------
    specifications : Specifications
        Inputs; only "X" is read.
    dimension : int
        Of an embedding.
    instance_normalize, batch_normalize, normalize
        As in `EmbeddingModel`.
    """

    def __init__(
        self,
        specifications: Specifications,
        dimension: int = 16,
        instance_normalize: bool = True,
        batch_normalize: bool = True,
        normalize: Normalization = True,
    ) -> None:
        super().__init__(specifications, dimension, instance_normalize, batch_normalize, normalize)
        self.first = nn.Linear(specifications.inputs["X"], 32)
        self.second = nn.Linear(32, dimension, bias=not batch_normalize)

    def encode(self, frames: Tensor) -> Tensor:
        """Encode each frame."""
        return self.first(frames).tanh()

    def embed(self, encoded: Tensor) -> Tensor:
        """Mean over time."""
        bent = encoded * encoded.sigmoid()
        return self.second(bent.mean(dim=1))
''',
    "encoded * encoded.sigmoid()",
    "encoded * encoded.detach().sigmoid()",
    "test_gradients.*test_networks",
)
LOSS = New(
    "pyannote.audio.embedding.approaches",
    "PlantedLoss",
    '''
"""Cosines."""
import torch
from torch import Tensor
from pyannote.audio.embedding.approaches._distances import unit
from pyannote.audio.embedding.approaches.base import Approach


class PlantedLoss(Approach):
    """Cosines of one speaker should be 1, and of two speakers not positive.

    Parameters
    ----------
    segments : SpeakerSegments
        Sampler of batches.
    """

    def loss(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Mean over pairs."""
        directions = unit(embeddings)
        cosines = directions @ directions.T
        same = labels[:, None] == labels
        near, far = (1 - cosines) * same, cosines.clamp(min=0).square() * ~same
        return near.sum() / same.sum() + far.sum() / (~same).sum().clamp(min=1)
''',
    "directions @ directions.T",
    "directions @ directions.detach().T",
    "test_gradients.*test_losses_on_embeddings",
)
AUGMENTATION = New(
    "pyannote.audio.augmentation",
    "PlantedGain",
    '''
"""Gain."""
import torch
from torch import Tensor
from pyannote.audio.augmentation.base import Augmentation, uniform


class PlantedGain(Augmentation):
    """Make each chunk louder or quieter.

    Parameters
    ----------
    most : float
        In decibels.
    """

    def __init__(self, most: float = 6.0) -> None:
        self.most = most

    def __call__(self, batch: dict[str, Tensor], random: torch.Generator) -> dict[str, Tensor]:
        """Louder or quieter copy."""
        gain = uniform(random, -self.most, self.most, len(batch["X"]), 1, 1)
        return {**batch, "X": batch["X"].add(gain.to(batch["X"].dtype))}
''',
    ".add(gain",
    ".add_(gain",
    "test_leaves_what_it_is_given_as_it_is",
)
SCHEDULER = New(
    "pyannote.audio.train.schedulers",
    "PlantedFall",
    '''
"""Fall."""
from typing import Any
from pyannote.audio.train.schedulers.base import Scheduler, LearningRate


class PlantedFall(Scheduler):
    """Halve the rate whenever an epoch was no better than the one before.

    Parameters
    ----------
    learning_rate : float or "auto"
        Initial rate.
    """

    def __init__(self, learning_rate: LearningRate = 0.01) -> None:
        super().__init__(learning_rate)
        self.share, self.before = 1.0, float("inf")

    def rate(self, step: int, steps_per_epoch: int) -> float:
        """Learning rate."""
        return self.learning_rate * self.share

    def observe(self, loss: float) -> None:
        """Take the loss of an epoch into account."""
        self.share, self.before = max(1e-9, self.share / (1 + (loss >= self.before))), loss

    def state_dict(self) -> dict[str, Any]:
        """Share and loss."""
        return {**super().state_dict(), "share": self.share, "before": self.before}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""
        super().load_state_dict(state)
        self.share = state["share"]
        self.before = state["before"]
''',
    '        self.share = state["share"]\n',
    "",
    "test_goes_on_from_a_saved_state",
)
FEATURES = New(
    "pyannote.audio.features",
    "PlantedPower",
    '''
"""Power."""
import numpy as np
from pyannote.audio.features.base import FrameReader
from pyannote.audio.features.raw_audio import RawAudio


class PlantedPower(RawAudio):
    """Squares of samples.

    Parameters
    ----------
    sample_rate : int
        In Hertz.
    """

    def __init__(self, sample_rate: int = 16000) -> None:
        super().__init__(sample_rate)

    def of_excerpts(self, waveforms):
        """Squares of the excerpts."""
        return super().of_excerpts(waveforms) ** 2

    def of_tensors(self, waveforms, lengths=None):
        """The same on a device."""
        return super().of_tensors(waveforms, lengths) ** 2

    def open(self, file) -> FrameReader:
        """Prepare to read squares of a recording."""
        samples = super().open(file)

        def read(first: int, last: int):
            found = samples.read(first, last) ** 2
            return found

        return FrameReader(samples.frames, read)
''',
    "            return found\n",
    "            return found - found.mean()\n",
    "test_crops_of_a_file_are_parts_of_the_whole",
)
NEW = [NET, EMBEDDING, LOSS, AUGMENTATION, SCHEDULER, FEATURES]

PLUGIN = """\
import importlib
for package in {packages}:
    importlib.import_module(package).__path__.append({folder!r} + "/" + package.rpartition(".")[2])
"""


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """Names of the contract tests of each new class, that have passed and that have failed."""
    folder = tmp_path_factory.mktemp("new")
    for new in NEW:
        new.write(folder)
    packages = sorted({new.package for new in NEW})
    (folder / "look_here_too.py").write_text(PLUGIN.format(packages=packages, folder=str(folder)))
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    environment["PYTHONPATH"] = os.pathsep.join([str(folder), str(ROOT)])
    names = " or ".join(name for new in NEW for name in (new.name, new.faulty_name))
    command = [sys.executable, "-m", "pytest", "-p", "look_here_too", "-p", "no:cacheprovider", "-q"]
    command += ["tests/contract", "-k", names, f"--junitxml={folder / 'outcomes.xml'}"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 1, done.stdout[-3000:] + done.stderr
    passed, failed = defaultdict(set), defaultdict(set)
    for case in ElementTree.parse(folder / "outcomes.xml").iter("testcase"):
        test = f"{case.get('classname')}.{case.get('name')}"
        bad = case.find("failure") is not None or case.find("error") is not None
        for new in NEW:
            for name in (new.name, new.faulty_name):
                if name in test and case.find("skipped") is None:
                    (failed if bad else passed)[name].add(test)
    return passed, failed


@pytest.mark.parametrize("new", NEW, ids=lambda new: new.name)
def test_a_new_class_is_tested_because_it_exists(new, outcomes, promise):
    passed, failed = outcomes
    assert len(passed[new.name]) > 8 and not failed[new.name]
    caught = [test for test in failed[new.faulty_name] if re.search(new.caught_by, test)]
    assert caught
    assert len(passed[new.faulty_name]) + len(failed[new.faulty_name]) == len(passed[new.name])
    promise(
        "A new class gets the contract tests by existing.",
        "A class in a new file of a temporary folder, and the same with one fault.",
        f"{new.name}: {len(passed[new.name])} tests pass, {len(failed[new.faulty_name])} fail on the fault",
    )
