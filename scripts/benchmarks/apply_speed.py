"""How much longer does applying take than decoding, features and the network alone?

Peer: the library's own parts in a plain loop, which decodes a file, computes its features, and gives all of
its chunks to the network; nothing is written, and no other file is known. `apply` also keeps features,
scores, event lists and RTTM. Files are made of noise: 24-bit stereo at 44.1 kHz. Goal: within 1.25 x.

Then, with features at hand, what overlapping chunks cost, by default one each quarter of a chunk: those that
share the convolutions that they have in common, and those that are computed one by one, in relation to chunks
that do not overlap. Goal: less than the number of chunks that cover a frame. What cannot be shared without
changing scores are the ends of chunks, where a network sees that there is nothing, and recurrent layers.

Usage: apply_speed.py [options]

  --files=N    Files [default: 24].
  --seconds=S  Duration of each [default: 240].
  --rounds=N   Rounds; medians are shown [default: 5].
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from unittest.mock import patch

import docopt
import numpy as np
import soundfile
import torch
from common import CLASSES, interleaved, median, ratio, table

from pyannote.audio.applications.apply import apply
from pyannote.audio.applications.blocks.base import block
from pyannote.audio.applications.options import DetectionApplyOptions
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.features.librosa_mel_spectrogram import LibrosaMelSpectrogram
from pyannote.audio.inference import chunks
from pyannote.audio.inference.detection_params import PARAMETERS
from pyannote.audio.inference.slide import Slide
from pyannote.audio.io.checkpoint import Checkpoints
from pyannote.audio.io.experiment_folders import TrainFolder
from pyannote.audio.io.yaml_files import write_yaml
from pyannote.audio.models._local import LocalModel
from pyannote.audio.models.crnn import Crnn
from pyannote.audio.models.dcase import Dcase
from pyannote.audio.store.statistics import long_term_average

RATE = 44100
SPECIFICATIONS = Specifications("Dcase", {"X": 40, "long_term": 40}, tuple(CLASSES), 2.0, 0.01, RATE)
PROTOCOL = "Noise.SpeakerDiarization.Corpus"
MODELS: dict[str, type[LocalModel]] = {"Dcase": Dcase, "Crnn": Crnn}


def make_corpus(folder: Path, files: int, seconds: float) -> list[Path]:
    """Write audio of noise, and a database.yml that names it."""
    random = np.random.default_rng(0)
    noise = random.normal(0, 0.05, size=(round(seconds * RATE), 2))
    paths = []
    for index in range(files):
        paths.append(folder / f"file{index:02d}.wav")
        soundfile.write(paths[-1], np.roll(noise, 1000 * index, axis=0), RATE, subtype="PCM_24")
    (folder / "corpus.lst").write_text("".join(f"{path.stem}\n" for path in paths))
    database, kind, name = PROTOCOL.split(".")
    write_yaml(
        folder / "database.yml",
        {
            "Databases": {database: f"{folder}/{{uri}}.wav"},
            "Protocols": {database: {kind: {name: {"test": {"uri": f"{folder}/corpus.lst"}}}}},
        },
    )
    return paths


def make_validation(root: Path, architecture: str) -> Path:
    """Write the folder of a validation that has chosen an untrained network."""
    blocks = {
        "task": {"name": "Dcase", "params": {"labels_spec": {"regular": CLASSES}, "logavgmel": True}},
        "feature_extraction": {
            "name": "LibrosaMelSpectrogram",
            "params": {"sample_rate": RATE, "n_mels": 40},
        },
        "architecture": {"name": architecture},
        "scheduler": {"name": "ConstantScheduler", "params": {"learning_rate": 0.01}},
    }
    write_yaml(root / "config.yml", blocks)
    folder = TrainFolder(root / "train" / f"{PROTOCOL}.train")
    folder.write_specifications(SPECIFICATIONS)
    Checkpoints(folder.weights).save(1, MODELS[architecture](SPECIFICATIONS).state_dict(), {})
    chosen = {
        name: {"epoch": 1, **dict.fromkeys(PARAMETERS, 0.0), "onset": 0.5, "offset": 0.5} for name in CLASSES
    }
    validate = folder.path / "validate_average_detection_fscore" / f"{PROTOCOL}.development"
    write_yaml(validate / "params.yml", {"epoch": 1, "params": chosen, "class_wise": chosen})
    return validate


def alone(paths: list[Path], slide: Slide, extraction: LibrosaMelSpectrogram) -> None:
    """Decode, compute features, and give all chunks to the network."""
    for path in paths:
        features = extraction(path).data
        slide({"X": features, "long_term": long_term_average(features)})


def applied(validate: Path, work: Path) -> None:
    """Apply, with no features in the store."""
    shutil.rmtree(work / "cache", ignore_errors=True)
    shutil.rmtree(validate / "apply", ignore_errors=True)
    with contextlib.redirect_stdout(io.StringIO()):
        apply(
            block("dcase"),
            DetectionApplyOptions(
                validate=(validate,), protocol=PROTOCOL, cpu=True, parallel=max(1, (os.cpu_count() or 1) - 1)
            ),
        )


def one_by_one(work: Callable[[], object]) -> None:
    """Compute chunks that share nothing."""
    with patch.object(chunks.ChunkEdges, "save_frames", lambda *_: False):
        work()


def corpus_rows(files: int, seconds: float, rounds: int) -> list[list[str]]:
    """Time a whole corpus, from wav to RTTM."""
    work = Path(tempfile.mkdtemp())
    try:
        paths = make_corpus(work, files, seconds)
        os.environ["PYANNOTE_DATABASE_CONFIG"] = str(work / "database.yml")
        os.environ["PYANNOTE_AUDIO_CACHE"] = str(work / "cache")
        rows = []
        for name, architecture in MODELS.items():
            validate = make_validation(work / name, name)
            slide = Slide(architecture(SPECIFICATIONS), SPECIFICATIONS.frames)
            arms = {
                "apply": partial(applied, validate, work),
                "alone": partial(alone, paths, slide, LibrosaMelSpectrogram(RATE, n_mels=40)),
            }
            spent = interleaved(arms, rounds)
            rows.append(
                [
                    f"{name}, wav to scores and RTTM",
                    "1.25",
                    ratio(spent["apply"], spent["alone"]),
                    f"{median(spent['apply']):.2f} s, {median(spent['alone']):.2f} s",
                ]
            )
        return rows
    finally:
        shutil.rmtree(work)


def overlap_rows(seconds: float, rounds: int) -> list[list[str]]:
    """Time overlapping chunks of one file, in relation to chunks that do not overlap."""
    random = np.random.default_rng(0)
    inputs = {
        "X": random.standard_normal((round(100 * seconds), 40), dtype=np.float32),
        "long_term": random.standard_normal(40, dtype=np.float32),
    }
    rows = []
    for name, architecture in MODELS.items():
        model = architecture(SPECIFICATIONS)
        overlapping = Slide(model, SPECIFICATIONS.frames)
        apart = Slide(model, SPECIFICATIONS.frames, step=1.0)
        arms = {
            "shared": partial(overlapping, inputs),
            "one by one": partial(one_by_one, partial(overlapping, inputs)),
            "apart": partial(one_by_one, partial(apart, inputs)),
        }
        spent = interleaved(arms, rounds, warmup=2)
        covering = overlapping.frames / (overlapping.step_outputs * model.resolution)
        for arm, goal in (("shared", f"below {covering:.2f}"), ("one by one", "-")):
            rows.append(
                [
                    f"{name}, overlapping chunks, {arm}, to chunks apart",
                    goal,
                    ratio(spent[arm], spent["apart"]),
                    f"{median(spent[arm]):.3f} s, {median(spent['apart']):.3f} s",
                ]
            )
    return rows


def main() -> None:
    """Print the table."""
    arguments = docopt.docopt(__doc__)
    seconds, rounds = float(arguments["--seconds"]), int(arguments["--rounds"])
    rows = corpus_rows(int(arguments["--files"]), seconds, rounds)
    rows += overlap_rows(seconds, rounds)
    print(table(["what", "goal", "ratio", "both"], rows))
    print(f"\n{torch.get_num_threads()} threads.")


if __name__ == "__main__":
    main()
