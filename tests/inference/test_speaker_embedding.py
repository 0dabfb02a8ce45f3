"""A tiny training on artificial voices, and what is done with it outside the command line."""

import math
import shutil
import signal
import threading
import warnings
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import numpy as np
import pyannote.database
import pytest
import soundfile
import torch
import yaml
from pyannote.database.registry import Registry
from states import checkpoints_of
from torch import nn

from pyannote.audio.applications import pyannote_audio, speaker_embedding
from pyannote.audio.core.errors import CheckpointError, DataError
from pyannote.audio.database.corpora import speakers
from pyannote.audio.database.synthetic.voices import make_speakers
from pyannote.audio.features import Precomputed
from pyannote.audio.inference.embedder import Embedder, Excerpt
from pyannote.audio.inference.speaker_embedding import SpeakerEmbedding

PROTOCOL = "Own.SpeakerVerification.Protocol"
CONFIG = """\
approach:
   name: TripletLoss
   params: {per_fold: 3, per_label: 2, per_epoch: 0.0005, min_duration: 0.4, max_duration: 0.8}
feature_extraction:
   name: LibrosaMFCC
   params: {sample_rate: 16000, e: False, De: True, DDe: False, coefs: 11, D: True}
architecture:
   name: ClopiNet
   params: {rnn: GRU, recurrent: [6], linear: [8]}
scheduler:
   name: ConstantScheduler
   params: {learning_rate: 0.01}
"""


TAUGHT = "--backend={name: WCCN, params: {shrinkage: 0.3, cohort: 3}}"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("voices")
    make_speakers(folder / "audio", speakers=8, files=4, seconds=1.5)
    speakers.prepare(folder / "audio" / "speakers", folder / "database", trials=40, test=0.25)
    return folder


@pytest.fixture(scope="module")
def run(data):
    """Run a command line in this process."""

    def command(*arguments, main=pyannote_audio):
        registry = Registry()
        registry.load_database(data / "database" / "database.yml")
        before = signal.getsignal(signal.SIGTERM)
        said = StringIO()
        with (
            pytest.MonkeyPatch.context() as patch,
            warnings.catch_warnings(),
            redirect_stdout(said),
            redirect_stderr(said),
        ):
            patch.setattr(pyannote.database, "registry", registry)
            patch.setattr(threading, "excepthook", threading.excepthook)
            patch.setenv("PYANNOTE_AUDIO_CACHE", str(data / "cache"))
            code = main.run([str(argument) for argument in arguments])
        signal.signal(signal.SIGTERM, before)
        assert code == 0, said.getvalue()
        return said.getvalue()

    return command


@pytest.fixture(scope="module")
def root(run, tmp_path_factory):
    """Experiment of two epochs, each of them validated: directly, and with a backend that learns."""
    root = tmp_path_factory.mktemp("experiment") / "emb"
    root.mkdir()
    (root / "config.yml").write_text(CONFIG)
    run("emb", "train", "--cpu", "--to=2", root, PROTOCOL)
    run("emb", "validate", "--cpu", "--duration=0.5", train(root), PROTOCOL)
    taught = root.parent / "taught"
    shutil.copytree(root, taught)
    shutil.rmtree(train(taught) / "validate_equal_error_rate")
    run("emb", "validate", "--cpu", "--duration=0.5", TAUGHT, train(taught), PROTOCOL)
    return root


def train(root):
    return root / "train" / f"{PROTOCOL}.train"


def validation(root):
    return train(root) / "validate_equal_error_rate" / f"{PROTOCOL}.development"


@pytest.fixture(params=["direct", "taught"])
def folder(root, request):
    """Folder of a validation; not to be changed."""
    return validation(root if request.param == "direct" else root.parent / "taught")


@pytest.fixture
def copied(root, tmp_path):
    """Folder of a validation with a backend that learns, to be changed."""
    shutil.copytree(root.parent / "taught", tmp_path / "copied")
    return validation(tmp_path / "copied")


@pytest.fixture(scope="module")
def recordings(data):
    return sorted((data / "audio" / "speakers").glob("*/*.wav"))


class Mean(nn.Module):
    """Gives the first and the last frame of a chunk."""

    resolution, dimension = 1, 2

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, batch):
        return batch["X"][:, [0, -1], 0] + self.weight


@pytest.fixture
def bare(root):
    """Embedding whose windows are told by their first and last frame."""
    embedding = SpeakerEmbedding(validation(root))

    def of(duration, step, frame=0.01):
        embedding.specifications = embedding.specifications.__class__(
            **{**vars(embedding.specifications), "step": frame}
        )
        embedding.duration, embedding.step = duration, step
        frames = embedding.specifications.frames_of(duration)
        embedding.embedder = Embedder(Mean(), frames, 1, batch_size=500)
        return embedding

    return of


def numbered(frames):
    # double precision would be needed beyond 2 ** 24
    return np.arange(frames, dtype=np.float32)[:, None]


class TestWindows:
    @pytest.mark.parametrize(
        ("frames", "duration", "step", "windows"),
        [
            (100, 1.0, 0.5, [(0, 99)]),
            (101, 1.0, 0.5, [(0, 99), (50, 100)]),
            (150, 1.0, 0.5, [(0, 99), (50, 149)]),
            (151, 1.0, 0.5, [(0, 99), (50, 149), (100, 150)]),
            (30, 1.0, 0.5, [(0, 29)]),
            (1, 1.0, 0.5, [(0, 0)]),
            (130, 1.0, 0.125, [(0, 99), (12, 111), (25, 124), (38, 129)]),
            (250, 1.0, 1.0, [(0, 99), (100, 199), (200, 249)]),
            (450, 1.0, 2.0, [(0, 99), (200, 299), (400, 449)]),
            (350, 1.0, 2.0, [(0, 99), (200, 299)]),
        ],
    )
    def test_by_hand(self, bare, frames, duration, step, windows):
        assert bare(duration, step).windows(numbered(frames)).tolist() == [
            list(map(float, w)) for w in windows
        ]

    @pytest.mark.parametrize("duration", [1.0, 1.017, 2.5])
    @pytest.mark.parametrize("step", [0.1, 1 / 3, 0.7071, 1.0])
    @pytest.mark.parametrize("frame", [0.01, 256 / 16000])
    def test_do_not_drift_within_an_hour(self, bare, duration, step, frame):
        embedding = bare(duration, step, frame)
        frames = round(3600 / frame) + 1
        first, last = embedding.windows(numbered(frames)).astype(np.float64).T
        times = np.array([embedding.sliding_window[index].start for index in range(len(first))])
        assert np.abs(first * frame - times).max() <= frame / 2 + 1e-6
        assert (last[:-1] - first[:-1] + 1 == round(duration / frame)).all()
        assert last[-1] == frames - 1
        if step < duration:
            assert (first[1:] <= last[:-1] + 1).all()

    def test_of_a_file_are_those_of_its_features(self, folder, recordings):
        embedding = SpeakerEmbedding(folder, duration=0.5)
        assert embedding.step == 0.125
        found = embedding(recordings[0])
        features = embedding.extraction(recordings[0]).data
        assert len(features) == 151
        # 0.5 s each 0.125 s: starts at 0, 12.5, 25, ... frames, which are rounded to even ones
        starts = [0, 12, 25, 38, 50, 62, 75, 88, 100, 112]
        chunks = [features[start : start + 50] for start in starts]
        expected = np.concatenate([embedding.embedder.embed(chunk[None]) for chunk in chunks])
        assert found.data == pytest.approx(embedding.backend.transform(expected), abs=1e-5)
        window = found.sliding_window
        assert (window.start, window.duration, window.step) == (0.0, 0.5, 0.125)
        assert found.data.shape == (10, embedding.dimension)


class TestApply:
    def test_writes_what_python_gives(self, run, folder, recordings, data):
        options = ["--cpu", "--duration=0.6", "--step=0.4", "--batch=3"]
        out = run("emb", "apply", *options, folder, PROTOCOL)
        embedding = SpeakerEmbedding(folder, duration=0.6)
        embedding.step = 0.4 * 0.6
        written = Precomputed(folder / "apply" / f"{embedding.epoch:04d}")
        window = written.sliding_window
        assert (window.duration, window.step) == pytest.approx((0.6, 0.24))
        assert written.dimension == embedding.dimension
        files = sorted(Path(written.root_dir).glob("Own/**/*.npy"))
        assert f"{len(files)} files" in out and len(files) == 8
        for path in files:
            uri = str(path.relative_to(Path(written.root_dir) / "Own").with_suffix(""))
            expected = embedding(data / "audio" / "speakers" / f"{uri}.wav")
            found = written({"database": "Own", "uri": uri})
            assert found.data == pytest.approx(expected.data, abs=1e-5)

    def test_step_of_the_old_command_is_in_seconds(self, run, root, tmp_path, recordings):
        shutil.copytree(root, tmp_path / "old")
        folder = validation(tmp_path / "old")
        run("apply", "--cpu", "--duration=0.6", "--step=0.25", folder, recordings[0], main=speaker_embedding)
        written = Precomputed(next((folder / "apply").iterdir()))
        embedding = SpeakerEmbedding(folder, duration=0.6)
        embedding.step = 0.25
        (path,) = (folder / "apply").glob(f"*/audio/{recordings[0].stem}~*.npy")
        found = written({"database": "audio", "uri": path.stem})
        assert found.data == pytest.approx(embedding(recordings[0]).data, abs=1e-5)


class TestEmbed:
    def test_company_and_batch_size_do_not_matter(self, folder, recordings):
        embedding = SpeakerEmbedding(folder)
        together = embedding.embed(*recordings[:5])
        assert together.shape == (5, embedding.dimension) and np.isfinite(together).all()
        assert together == pytest.approx(
            np.concatenate([embedding.embed(file) for file in recordings[:5]]), abs=1e-5
        )
        small = SpeakerEmbedding(folder, batch_size=2)
        assert together == pytest.approx(small.embed(*recordings[:5]), abs=1e-5)

    def test_path_protocol_file_and_waveform_are_the_same(self, folder, recordings):
        embedding = SpeakerEmbedding(folder)
        samples, rate = soundfile.read(recordings[0], dtype="float32")
        forms = [recordings[0], str(recordings[0]), {"audio": recordings[0]}]
        forms.append({"waveform": samples, "sample_rate": rate})
        assert np.ptp(embedding.embed(*forms), axis=0).max() < 1e-5

    def test_similarity_is_symmetric(self, folder, recordings):
        embedding = SpeakerEmbedding(folder)
        one, other = recordings[0], recordings[-1]
        assert embedding.similarity(one, other) == pytest.approx(embedding.similarity(other, one), abs=1e-6)
        assert embedding.similarity(one, one) > embedding.similarity(one, other)

    def test_excerpts_have_the_scores_of_the_validation(self, folder, data):
        embedding = SpeakerEmbedding(folder)
        (scores,) = (folder / "scores").glob(f"{embedding.epoch:04d}.*.npy")
        database = yaml.safe_load((data / "database" / "database.yml").read_text())
        subset = database["Protocols"]["Own"]["SpeakerVerification"]["Protocol"]["development"]
        trials = [line.split()[1:] for line in (data / "database" / subset["trial"]).read_text().splitlines()]
        found = []
        for files in trials:
            paths = [data / "audio" / "speakers" / f"{Path(file).with_suffix('')}.wav" for file in files]
            features = [embedding.extraction(path).data for path in paths]
            # regions of 1.5 s are 150 frames; the last one is centred at the end of the file
            excerpts = [Excerpt("x", frames, [(0, 150)]) for frames in features]
            transformed = embedding.backend.transform(embedding.embedder(excerpts))
            found += embedding.backend.similarity(transformed, np.array([0]), np.array([1])).tolist()
        assert found == pytest.approx(np.load(scores), abs=1e-4)

    def test_embeddings_that_are_not_finite_are_refused(self, folder, recordings):
        embedding = SpeakerEmbedding(folder)
        with torch.no_grad():
            next(iter(embedding.embedder.model.parameters())).fill_(float("nan"))
        with pytest.raises(DataError, match="not finite"):
            embedding.similarity(*recordings[:2])


def change(path, **changes):
    params = yaml.safe_load((path / "params.yml").read_text())
    for key, value in changes.items():
        where = params
        *parents, last = key.split("__")
        for parent in parents:
            where = where[parent]
        where[last] = value
    (path / "params.yml").write_text(yaml.safe_dump(params))


NUMBERS = [math.nan, math.inf, 1e300, True, "0.5", None, [0.5], {}, 10**400]
ODD = [
    *(("epoch", value) for value in [*NUMBERS, "one", 0, -1, 1.0]),
    *(("metric", value) for value in (None, 3, True, "", [])),
    *(("distance", value) for value in ("manhattan", ["cosine"], None, 1)),
    *(("chunk", value) for value in (3, None, [])),
    *(("chunk__duration", value) for value in [*NUMBERS, "long", -1.0, 0]),
    *(("chunk__step", value) for value in [*NUMBERS, -0.5, 0]),
    *(("params", value) for value in ([], None, "0.5")),
    *(("params__threshold", value) for value in NUMBERS),
]


class TestDamage:
    def test_whole_folder_is_read(self, copied):
        embedding = SpeakerEmbedding(copied)
        params = yaml.safe_load((copied / "params.yml").read_text())
        assert embedding.epoch == params["epoch"] and embedding.metric == "equal_error_rate"
        assert embedding.threshold == params["params"]["threshold"]
        assert embedding.duration == 0.5 and embedding.embedder.step == 12
        assert set(params["weights"]) == {embedding.epoch}

    def test_step_of_the_validation_is_that_of_whole_recordings(self, copied):
        change(copied, chunk__step=0.5)
        embedding = SpeakerEmbedding(copied)
        assert (embedding.embedder.step, embedding.step) == (25, 0.125)

    @pytest.mark.parametrize(
        "content", ["", "epoch: [", "epoch: 1", "- 1", "just words", "\x00\xff", "{a: 1, epoch: 1}"]
    )
    def test_params_that_are_none(self, copied, content):
        (copied / "params.yml").write_bytes(content.encode("latin-1"))
        with pytest.raises(CheckpointError) as caught:
            SpeakerEmbedding(copied)
        assert caught.value.file == copied / "params.yml" and "validate" in caught.value.fix

    @pytest.mark.parametrize(("key", "value"), ODD)
    def test_params_with_a_senseless_value(self, copied, key, value):
        change(copied, **{key: value})
        with pytest.raises(CheckpointError) as caught:
            SpeakerEmbedding(copied)
        assert caught.value.file == copied / "params.yml" and key.replace("__", ".") in caught.value.message

    @pytest.mark.parametrize("weights", [3, None, [], {"x": 1}])
    def test_params_without_version_are_believed(self, copied, weights):
        change(copied, weights=weights)
        assert SpeakerEmbedding(copied).epoch

    def test_no_folder_of_a_validation(self, copied):
        with pytest.raises(CheckpointError, match="no such file"):
            SpeakerEmbedding(copied / "nowhere")
        with pytest.raises(CheckpointError, match="no such file"):
            SpeakerEmbedding(copied / "params.yml")

    def test_epoch_that_is_not_there(self, copied):
        change(copied, epoch=7)
        with pytest.raises(CheckpointError, match="no epoch 7 here; there are 1 to 2"):
            SpeakerEmbedding(copied)

    def test_epoch_that_was_trained_again(self, copied):
        epoch = SpeakerEmbedding(copied).epoch
        checkpoints = checkpoints_of(copied.parents[1])
        weights = checkpoints.load_weights(epoch)
        weights["X_mean"] += 1
        checkpoints.save(epoch, weights, checkpoints.load_state(epoch))
        with pytest.raises(CheckpointError, match=f"Epoch {epoch} has been trained again"):
            SpeakerEmbedding(copied)

    def test_configuration_of_today_is_not_that_of_the_training(self, copied):
        before = SpeakerEmbedding(copied)
        config = copied.parents[3] / "config.yml"
        config.write_text(config.read_text().replace("[6]", "[7]").replace("16000", "8000"))
        after = SpeakerEmbedding(copied)
        assert after.extraction.parameters == before.extraction.parameters
        assert after.embedder.model.state_dict().keys() == before.embedder.model.state_dict().keys()

    @pytest.mark.parametrize("sealed", [True, False])
    def test_stored_configuration_that_was_edited(self, copied, sealed):
        config = copied.parents[1] / "config.yml"
        text = config.read_text().replace("- 6\n", "- 7\n")
        assert text != config.read_text()
        config.write_text(text if sealed else text[: text.rindex("# sha256")])
        with pytest.raises(CheckpointError, match="has changed since its training stored it") as caught:
            SpeakerEmbedding(copied)
        assert caught.value.file == config

    @staticmethod
    def backend(folder):
        epoch = yaml.safe_load((folder / "params.yml").read_text())["epoch"]
        (path,) = (folder / "backend").glob(f"{epoch:04d}.*.npz")
        return path

    @pytest.mark.parametrize(
        "damage", ["missing", "empty", "half", "flipped", "words", "array", "incomplete"]
    )
    def test_what_the_backend_has_learned(self, copied, damage):
        path = self.backend(copied)
        content = path.read_bytes()
        path.unlink()
        if damage == "array":
            with path.open("wb") as stream:
                np.save(stream, np.zeros(3))
        elif damage == "incomplete":
            np.savez(path, center=np.zeros(3))
        elif damage != "missing":
            # some bytes of an archive mean nothing: one in the middle of the numbers of the last array
            middle = content.rindex(b"\x93NUMPY") + 128 + 1
            flipped = content[:middle] + bytes([content[middle] ^ 255]) + content[middle + 1 :]
            damaged = {"empty": b"", "half": content[: len(content) // 2]}
            damaged |= {"flipped": flipped, "words": b"words"}
            path.write_bytes(damaged[damage])
        with pytest.raises(CheckpointError, match="missing or damaged") as caught:
            SpeakerEmbedding(copied)
        assert caught.value.file == path and caught.value.fix == "Run `validate` again."

    def test_backend_follows_its_parameters_when_validated_again(self, run, copied):
        path = self.backend(copied)
        before = path.read_bytes()
        run("emb", "validate", "--cpu", "--duration=0.5", TAUGHT, copied.parents[1], PROTOCOL)
        assert path.read_bytes() == before
        other = TAUGHT.replace("0.3", "0.9")
        run("emb", "validate", "--cpu", "--duration=0.5", other, copied.parents[1], PROTOCOL)
        assert self.backend(copied).read_bytes() != before
