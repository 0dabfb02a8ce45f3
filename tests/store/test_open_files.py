"""Commands on more recordings than a process may have open files."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import soundfile

DATABASE = """\
Databases:
  Many: {folder}/audio/{{uri}}.wav
Protocols:
  Many:
    SpeakerDiarization:
      Files:
        scope: global
        train: {{uri: train.lst, annotation: events.rttm, annotated: regions.uem}}
        development: {{uri: development.lst, annotation: events.rttm, annotated: regions.uem}}
        test: {{uri: test.lst, annotation: events.rttm, annotated: regions.uem}}
"""
COMMON = """\
feature_extraction: {name: LibrosaMelSpectrogram, params: {sample_rate: 8000, n_mels: 8}}
scheduler: {name: ConstantScheduler, params: {learning_rate: 0.01}}
"""
DCASE = f"""\
{COMMON}
task:
   name: Dcase
   params: {{duration: 1.0, batch_size: 8, per_epoch: 0.0001, labels_spec: {{regular: [s0, s1, s2, s3]}}}}
architecture: {{name: Dcase}}
data_augmentation:
   name: AddNoiseFromGaps
   params: {{snr_min: 10, snr_max: 20}}
"""
EMB = f"""\
{COMMON}
approach:
   name: TripletLoss
   params: {{duration: 0.3, per_fold: 4, per_label: 2, per_epoch: 0.0001, label_min_duration: 0.5}}
architecture: {{name: TristouNet, params: {{recurrent: [4], linear: [4]}}}}
"""
PROTOCOL = "Many.SpeakerDiarization.Files"
SECONDS, SPOKEN = 1.2, 0.5
TRAIN, TEST = 24, 1000


def make(root, count):
    """Recordings of one of four speakers each: 24 for training, so many for development, 1,000 for test."""
    (root / "audio").mkdir(parents=True)
    random = np.random.default_rng(0)
    uris = [f"r{index}" for index in range(TRAIN + count + min(count, TEST))]
    for uri in uris:
        samples = random.integers(-9000, 9000, round(SECONDS * 8000), dtype=np.int16)
        soundfile.write(root / "audio" / f"{uri}.wav", samples, 8000)
    events = [
        f"SPEAKER {uri} 1 0.000 {SPOKEN} <NA> <NA> s{index % 4} <NA> <NA>\n" for index, uri in enumerate(uris)
    ]
    (root / "events.rttm").write_text("".join(events))
    (root / "regions.uem").write_text("".join(f"{uri} 1 0.000 {SECONDS}\n" for uri in uris))
    lists = {"train": uris[:TRAIN], "development": uris[TRAIN : TRAIN + count], "test": uris[TRAIN + count :]}
    for name, members in lists.items():
        (root / f"{name}.lst").write_text("".join(f"{uri}\n" for uri in members))
    (root / "database.yml").write_text(DATABASE.format(folder=root))
    for name, config in (("dcase", DCASE), ("emb", EMB)):
        (root / name).mkdir()
        (root / name / "config.yml").write_text(config)


def run(root, limit, *commands):
    """Run commands in a process that may have so many files open, until one of them fails."""
    script = f"""
import json, resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, ({limit}, {limit}))
from pyannote.audio.applications.pyannote_audio import run
sys.exit(any(run(command) not in (0, 10) for command in json.loads(sys.argv[1])))
"""
    environment = {
        **os.environ,
        "PYANNOTE_DATABASE_CONFIG": str(root / "database.yml"),
        "PYANNOTE_AUDIO_CACHE": str(root / "cache"),
        "OMP_NUM_THREADS": "1",
    }
    given = json.dumps([[str(word) for word in command] for command in commands])
    command = [sys.executable, "-c", script, given]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.parametrize(
    ("count", "limit"), [(300, 64), pytest.param(5000, 256, marks=pytest.mark.slow)], ids=["300", "5000"]
)
@pytest.mark.parametrize(
    ("block", "metric"), [("dcase", "average_detection_fscore"), ("emb", "equal_error_rate")]
)
def test_commands_on_many_recordings_take_few_open_files(tmp_path, count, limit, block, metric, promise):
    make(tmp_path, count)
    root = tmp_path / block
    train = root / "train" / f"{PROTOCOL}.train"
    validate = train / f"validate_{metric}" / f"{PROTOCOL}.development"
    # more chunks in a batch than files may be open
    batch = f"--batch={4 * limit}"
    out = run(
        tmp_path,
        limit,
        ["check", "--cpu", root, PROTOCOL],
        [block, "train", "--cpu", "--to=1", "--validate", root, PROTOCOL],
        [block, "train", "--cpu", "--from=last", "--to=2", root, PROTOCOL],
        [block, "validate", "--cpu", batch, train, PROTOCOL],
        [block, "apply", "--cpu", batch, validate, PROTOCOL],
    )
    assert f"Validating on {count} " in out or f" of {count} recordings" in out
    assert f"{min(count, TEST)} files, " in out
    promise(
        "The number of recordings is not limited by that of open files.",
        f"Check, train with validation, validate and apply (`{block}`) with {count} recordings.",
        f"at most {limit} open files",
    )
