"""A training that has diverged: nothing that is not finite is saved, whatever holds it."""

import pytest
import torch
from torch import nn

from pyannote.audio.core.errors import DataError
from pyannote.audio.core.finite import first_not_finite
from pyannote.audio.train.divergence import check_values

INF, NAN = float("inf"), float("nan")

NETWORK = '''
import torch
from torch import nn

from pyannote.audio.models.base import Model


class Exploding(Model):
    """Batch normalization of huge numbers: their variance is infinite in float32, and the loss finite."""

    def __init__(self, specifications, scale: float = 1.0e25) -> None:
        super().__init__(specifications)
        self.scale = scale
        self.resolution = 2
        self.layer = nn.Linear(specifications.inputs["X"], len(specifications.classes))
        self.norm = nn.BatchNorm1d(len(specifications.classes))

    def forward(self, batch):
        outputs = self.layer(self.normalized(batch, "X")[:, : batch["X"].shape[1] // 2 * 2 : 2])
        self.norm(self.scale * outputs.detach().flatten(0, 1))
        return outputs
'''


class Head(nn.Module):
    def __init__(self):
        super().__init__()
        self.centres = nn.Parameter(torch.zeros(2, 3))


def parts(optimizer=torch.optim.Adam):
    """Model, head, and an optimizer that has taken a step."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 3))
    head = Head()
    made = optimizer([*model.parameters(), *head.parameters()], lr=0.1, **MOMENTUM.get(optimizer, {}))
    (model(torch.randn(5, 3)).square().sum() + (head.centres - 1).square().sum()).backward()
    made.step()
    averages = {name: value.clone() for name, value in model.state_dict().items()}
    return model, head, made, averages


MOMENTUM = {torch.optim.SGD: {"momentum": 0.9}}


@pytest.mark.parametrize("optimizer", [torch.optim.Adam, torch.optim.AdamW, torch.optim.SGD])
@pytest.mark.parametrize("value", [INF, -INF, NAN])
def test_every_value_that_would_be_saved_is_looked_at(value, optimizer):
    """Each tensor of all that `Trainer` saves, one after the other, at its last place."""
    check_values(1, *parts(optimizer))
    model, head, made, averages = parts(optimizer)
    saved = [
        *model.state_dict().values(),
        *head.state_dict().values(),
        *averages.values(),
        *(one for state in made.state_dict()["state"].values() for one in state.values()),
    ]
    tried = 0
    for tensor in saved:
        if tensor.is_floating_point():
            place = tensor.detach().view(-1)
            before = place[-1].clone()
            place[-1] = value
            with pytest.raises(
                DataError, match=rf"At the end of epoch 7, .+ \({value}\) is not a finite number"
            ):
                check_values(7, model, head, made, averages)
            place[-1] = before
            tried += 1
    assert tried >= 8 + 1 + 8 + 7
    check_values(7, model, head, made, averages)


@pytest.mark.parametrize(
    ("part", "name"),
    [
        (lambda model, *_: model[1].running_var, "1.running_var"),
        (lambda model, *_: model[0].weight.data, "0.weight"),
        (lambda _, head, *__: head.centres.data, "head.centres"),
        (
            lambda model, _, made, __: made.state[model[2].bias]["exp_avg_sq"],
            "exp_avg_sq of 2.bias in the opt",
        ),
        (
            lambda _, head, made, __: made.state[head.centres]["exp_avg"],
            "exp_avg of head.centres in the optim",
        ),
        (lambda *found: found[3]["1.running_mean"], "the average of 1.running_mean"),
    ],
)
def test_the_sentence_names_it(part, name):
    found = parts()
    part(*found).view(-1)[0] = NAN
    with pytest.raises(DataError) as caught:
        check_values(2, *found)
    assert f"At the end of epoch 2, {name}" in caught.value.message and "learning_rate" in caught.value.fix


def test_huge_and_whole_numbers_are_finite():
    huge = torch.full((1000,), torch.finfo(torch.float32).max)
    assert first_not_finite({"huge": huge, "count": torch.tensor(1), "none": torch.zeros(0)}) is None


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
def test_tensors_of_several_devices():
    values = {
        "a": torch.zeros(3, device="cuda"),
        "step": torch.tensor(1.0),
        "b": torch.ones(2, device="cuda"),
    }
    assert first_not_finite(values) is None
    for name in values:
        changed = {**values, name: values[name] / 0 - values[name] / 0}
        assert first_not_finite(changed) == f"{name} (nan)"


def test_a_training_stops_before_it_saves(experiment, here, tmp_path):
    code = tmp_path / "exploding.py"
    code.write_text(NETWORK)
    experiment.config.write_text(
        experiment.config.read_text().replace(
            "architecture:\n   name: Dcase", "architecture:\n   name: Exploding"
        )
    )
    result = here("dcase", "train", "--cpu", "--to=2", f"--code={code}", experiment.root, experiment.protocol)
    assert result.code == 4
    assert "Error: At the end of epoch 1, norm.running_var (inf) is not a finite number" in result.err
    assert not list(experiment.train.rglob("0001*"))
