"""Labels without times: the target of a chunk, pooled scores, and a training that finds the times."""

import numpy as np
import pytest
import soundfile
import torch

from pyannote.audio.database.checks.recordings import untimed_labels
from pyannote.audio.labeling.tasks._targets import linear_softmax
from pyannote.audio.labeling.tasks.base import Task
from pyannote.audio.labeling.tasks.multilabel_detection import MultilabelDetection


def by_hand(scores):
    """Linear softmax pooling, written out in double precision."""
    pooled = np.zeros((len(scores), 1, scores.shape[2]))
    for chunk, _, name in np.ndindex(*pooled.shape):
        column = scores[chunk, :, name]
        pooled[chunk, 0, name] = sum(s * s for s in column) / sum(column)
    return pooled


def test_scores_are_pooled_by_linear_softmax():
    logits = np.random.default_rng(0).normal(0, 3, size=(4, 25, 3))
    expected = by_hand(1 / (1 + np.exp(-logits)))
    found = linear_softmax(torch.from_numpy(logits)).sigmoid().numpy()
    assert found.shape == (4, 1, 3)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize("value", [-1e4, -100.0, 0.0, 100.0, 1e4])
@pytest.mark.parametrize("target", [0.0, 1.0])
def test_loss_and_gradient_are_finite_whatever_the_scores(value, target):
    logits = torch.full((2, 5, 3), value, requires_grad=True)
    loss = Task(target="clip").loss(logits, torch.full((2, 1, 3), target))
    loss.backward()
    assert torch.isfinite(loss) and torch.isfinite(logits.grad).all()


def test_the_loss_is_the_cross_entropy_of_pooled_scores():
    random = np.random.default_rng(1)
    logits, targets = random.normal(size=(4, 10, 2)), (random.random((4, 1, 2)) > 0.5).astype(float)
    task = MultilabelDetection({"regular": ["car", "man"]}, target="clip")
    pooled = by_hand(1 / (1 + np.exp(-logits)))
    expected = -(targets * np.log(pooled) + (1 - targets) * np.log(1 - pooled)).mean()
    found = task.loss(torch.from_numpy(logits), torch.from_numpy(targets)).item()
    assert found == pytest.approx(expected, rel=1e-5)


def test_a_class_is_a_target_where_it_occurs_anywhere_in_the_chunk():
    activity = torch.zeros(3, 40, 2)
    activity[0, 39, 0], activity[1, :, 1] = 1, 1
    for resolution in (1, 7, 40):
        found = Task(target="clip").targets(activity, resolution)
        assert found.tolist() == [[[1.0, 0.0]], [[0.0, 1.0]], [[0.0, 0.0]]]


def file(events, regions=((0.0, 10.0),)):
    return {"events": events, "regions": list(regions)}


WHOLE = [(0.0, 10.0, "dog")]


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ([file(WHOLE)] * 3, True),
        ([file(WHOLE)] * 2, False),
        ([file(WHOLE)] * 3 + [file([])], True),
        ([file(WHOLE)] * 3 + [file([(0.0, 9.9, "cat")])], False),
        ([file([*WHOLE, (1.0, 2.0, "cat")])] * 3, False),
        ([file([(0.0, 20.0, "dog")], [(0.0, 5.0), (8.0, 20.0)])] * 3, True),
        ([file(None)] * 3, False),
        ([file(WHOLE, [])] * 3, False),
        ([], False),
    ],
)
def test_labels_without_times_are_noticed(files, found):
    assert [finding.kind for finding in untimed_labels(files)] == ["untimed"] * found
    task = MultilabelDetection({"regular": ["dog"], "ignore": ["cat"]}, duration=1.0)
    full = [{**one, "audio": "a.wav"} for one in files if one["events"] is not None]
    if full and found:
        assert "untimed" in [finding.kind for finding in task.findings(full)]
        task.target = "clip"
        assert "untimed" not in [finding.kind for finding in task.findings(full)]


CONFIG = """\
task:
   name: MultilabelDetection
   params:
      labels_spec:
         regular: [low, high]
      duration: 3.0
      batch_size: 16
      per_epoch: 0.02
      target: {target}
feature_extraction:
   name: LibrosaMelSpectrogram
   params: {{sample_rate: 8000, n_mels: 40, duration: 0.05, step: 0.05}}
architecture:
   name: Dcase
   params: {{pooling: [1, 2, 1, 1]}}
scheduler:
   name: ConstantScheduler
   params: {{learning_rate: 0.003}}
optimizer:
   name: Adam
"""
TONES = {"low": 400.0, "high": 1500.0}


def make_tones(folder, count=40):
    """Recordings of 3 s with a tone of 1 s, which labels without times name, and the true times."""
    random = np.random.default_rng(0)
    (folder / "audio").mkdir(parents=True)
    rows, truth = ["filename,label"], {}
    for index in range(count):
        label, onset = list(TONES)[index % 2], float(random.uniform(0, 2))
        time = np.arange(24000) / 8000
        inside = (time >= onset) & (time < onset + 1)
        samples = random.normal(0, 0.01, 24000) + 0.1 * inside * np.sin(2 * np.pi * TONES[label] * time)
        soundfile.write(folder / "audio" / f"r{index:02d}.wav", samples, 8000)
        rows.append(f"r{index:02d}.wav,{label}")
        truth[f"r{index:02d}"] = (onset, onset + 1, label)
    (folder / "weak.csv").write_text("\n".join(rows))
    return truth


def test_a_training_on_labels_without_times_finds_the_times(tmp_path, here):
    """Scores of the right class lie inside of the tone: ROC area of frames above 0.95; chance is 0.5."""
    from sklearn.metrics import roc_auc_score

    from pyannote.audio.database.corpora.own_data import make_database
    from pyannote.audio.inference.pretrained import Pretrained

    truth = make_tones(tmp_path)
    prepared = make_database(tmp_path / "audio", tmp_path / "weak.csv", tmp_path / "database", name="Weak")
    assert any(what.startswith("labels without times") for what in prepared.left_out)
    root = tmp_path / "experiment"
    root.mkdir()
    (root / "config.yml").write_text(CONFIG.format(target="clip"))
    options = {"database": prepared.path}
    result = here("mlt", "train", "--cpu", "--to=4", root, prepared.protocol, **options)
    assert result.code == 0, result.err
    assert "Each event lasts" not in result.err
    train = root / "train" / f"{prepared.protocol}.train"
    result = here("mlt", "validate", "--cpu", train, prepared.protocol, **options)
    assert result.code == 0 and "Each event lasts as long as its recording" in result.err
    (validate,) = train.glob("validate_*/*")
    scores = Pretrained(validate)
    active, found = [], []
    for uri in prepared.subsets["test"]:
        onset, offset, label = truth[uri]
        window = scores(tmp_path / "audio" / f"{uri}.wav")
        middles = np.array([window.sliding_window[frame].middle for frame in range(len(window))])
        active.append((middles >= onset) & (middles < offset))
        found.append(window.data[:, ["low", "high"].index(label)])
    assert roc_auc_score(np.concatenate(active), np.concatenate(found)) > 0.95
