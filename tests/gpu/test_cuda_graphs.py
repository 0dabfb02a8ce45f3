"""Steps that are recorded as a CUDA graph teach what steps teach that are not."""

import numpy as np
import pytest
import torch

from pyannote.audio.augmentation.chunk_mixing import ChunkMixing
from pyannote.audio.augmentation.frequency_shift import FrequencyShift
from pyannote.audio.augmentation.random_equalization import RandomEqualization
from pyannote.audio.augmentation.time_stretch import TimeStretch
from pyannote.audio.core.errors import ConfigError
from pyannote.audio.labeling.tasks.dcase import Dcase as Task
from pyannote.audio.models.crnn import Crnn
from pyannote.audio.models.dcase import Dcase
from pyannote.audio.store.packs import Pack
from pyannote.audio.train.acceleration import Acceleration
from pyannote.audio.train.callbacks.weight_averaging import WeightAveraging
from pyannote.audio.train.optimizers.adam import Adam
from pyannote.audio.train.schedulers.constant_scheduler import ConstantScheduler
from pyannote.audio.train.trainer import Trainer

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")

GPU = torch.device("cuda")
FILES = [
    {"uri": "a", "duration": 60.0, "regions": [(0.0, 60.0)], "events": [(1.0, 30.0, "x"), (20.0, 50.0, "y")]}
]


class Plan:
    """Mel spectrogram that nobody computes."""

    dimension, sample_rate = 12, 16000
    sliding_window = type("Window", (), {"step": 0.01})


def trained(architecture, augmentations, graphs, epochs=3):
    data = np.random.default_rng(0).standard_normal((6001, 12), dtype=np.float32)
    task = Task({"regular": ["x", "y"]}, duration=1.0, batch_size=8, per_epoch=6 * 8 / 86400)
    specifications = task.specifications(Plan)
    pack = Pack(data, np.array([0, len(data)]), data.mean(axis=0, keepdims=True))
    task.prepare(FILES, pack.to(GPU), specifications)
    torch.manual_seed(0)
    model = architecture(specifications).to(GPU)
    trainer = Trainer(
        model,
        task,
        Adam()(model.parameters(), 0.001),
        ConstantScheduler(0.001),
        augmentations,
        device=GPU,
        averaging=WeightAveraging(0.9),
        acceleration=Acceleration(graphs=graphs),
    )
    losses = [report.loss for report in trainer.epochs(1, epochs)]
    return losses, trainer.weights()


@pytest.mark.parametrize("architecture", [Dcase, Crnn])
@pytest.mark.parametrize("augmented", [False, True])
def test_the_same_is_learned(architecture, augmented):
    augmentations = [TimeStretch(), RandomEqualization(), ChunkMixing(), FrequencyShift()] * augmented
    losses, weights = trained(architecture, augmentations, graphs=False)
    recorded, replayed = trained(architecture, augmentations, graphs=True)
    assert recorded == pytest.approx(losses, rel=1e-3)
    # sums of a GPU come in any order, and Adam makes much of the sign of a small gradient
    for name in (one for one, value in weights.items() if value.is_floating_point()):
        value = weights[name]
        assert (
            torch.linalg.vector_norm(replayed[name] - value) <= 0.02 * torch.linalg.vector_norm(value) + 1e-3
        )
    assert losses[0] != losses[1]


def test_what_waits_for_the_device_is_refused():
    class Waiting(Dcase):
        """Network that looks at its outputs."""

        def forward(self, batch):
            outputs = super().forward(batch)
            return outputs * float(outputs.detach().sum() > -1e9)

    with pytest.raises(ConfigError, match="cannot be recorded") as caught:
        trained(Waiting, [], graphs=True)
    assert "--graphs=off" in caught.value.fix
