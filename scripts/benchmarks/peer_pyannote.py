"""Time the training loop of pyannote.audio 4 and its model alone, for `training_peers.py`.

It is run by the Python of an environment in which pyannote.audio 4 is installed, and so imports nothing of
this package. It trains the network PyanNet on the task VoiceActivityDetection, with their defaults, and
prints, as JSON, the seconds of a step in each round and each of these arms, which take turns:

- alone: forward, backward and update on batches that lie ready;
- chunks cut from memory: `fit` of a Lightning trainer, where waveforms lie in memory;
- chunks read from files: the same as installed. Left out where torchcodec finds no FFmpeg.

An environment that works has Python 3.11 and FFmpeg 7, and was made by

    pip install torch==2.9.1 torchaudio==2.9.1 torchcodec==0.9.1 pyannote.audio==4.0.7 soundfile
"""

from __future__ import annotations

import argparse
import json
import os
import time
import warnings
from collections.abc import Callable
from functools import cache, partial
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any

# nothing is reported to the makers, and nothing is looked for on the net
os.environ.update(PYANNOTE_METRICS_ENABLED="0", HF_HUB_OFFLINE="1")
warnings.simplefilter("ignore")

import soundfile  # noqa: E402
import torch  # noqa: E402
from peer_lightning import step_of_fit  # noqa: E402
from pyannote.audio.core.io import TORCHCODEC_AVAILABLE  # noqa: E402
from pyannote.audio.models.segmentation import PyanNet  # noqa: E402
from pyannote.audio.tasks import VoiceActivityDetection  # noqa: E402
from pyannote.database import FileFinder, registry  # noqa: E402


class InMemory(VoiceActivityDetection):
    """The task on recordings that are read once."""

    def get_file(self, file_id: int) -> dict[str, Any]:
        """Waveform of a recording, which is what the documentation offers instead of its path."""
        return in_memory(super().get_file(file_id)["audio"])


@cache
def in_memory(path: str) -> dict[str, Any]:
    """Waveform of a file, of shape (channels, samples), and its rate."""
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    return {"waveform": torch.from_numpy(samples.T.copy()), "sample_rate": rate, "uri": path}


def network(task: type[VoiceActivityDetection], workers: int, size: int, folder: Path) -> PyanNet:
    """Untrained network that knows its task, which keeps the annotation in a folder."""
    protocol = registry.get_protocol("Peers.SpeakerDiarization.Protocol", {"audio": FileFinder()})
    cache = folder / "annotation.npz"
    model = PyanNet(task=task(protocol, cache=cache, batch_size=size, num_workers=workers))
    model.prepare_data()
    model.setup()
    return model


def alone(model: PyanNet, optimizer: torch.optim.Optimizer, batches: list[dict[str, torch.Tensor]]) -> float:
    """Seconds of a step on batches that lie ready."""
    model.train()
    started = time.perf_counter()
    for batch in batches:
        loss = model.task.default_loss(model.specifications, batch["y"], model(batch["X"]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return (time.perf_counter() - started) / len(batches)


def main() -> None:
    """Print the seconds of a step in each round and arm."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("database", help="a database.yml")
    parser.add_argument("steps", type=int)
    parser.add_argument("rounds", type=int)
    parser.add_argument("size", type=int, help="chunks of a batch")
    parser.add_argument("threads", type=int, help="threads of torch")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    registry.load_database(arguments.database)

    made = partial(network, size=arguments.size, folder=Path(arguments.database).parent)
    ready = made(InMemory, workers=0)
    batches = list(islice(ready.train_dataloader(), arguments.steps))
    optimizer = ready.configure_optimizers()
    arms: dict[str, Callable[[], float]] = {"alone": lambda: alone(ready, optimizer, batches)}
    tasks = {"chunks cut from memory": InMemory}
    if TORCHCODEC_AVAILABLE:
        tasks["chunks read from files"] = VoiceActivityDetection
    for name, task in tasks.items():
        for workers in (0, 2):
            model = made(task, workers=workers)
            arms[f"{name}, {workers or 'no'} workers"] = partial(step_of_fit, model, arguments.steps)
    seconds: dict[str, list[float]] = {name: [] for name in arms}
    for index in range(1 + arguments.rounds):
        for name, work in arms.items():
            spent = work()
            # the first round warms up
            if index:
                seconds[name].append(spent)
    print(json.dumps({"version": version("pyannote.audio"), "torch": torch.__version__, "seconds": seconds}))


if __name__ == "__main__":
    main()
