"""What every class that a configuration can name must do; a new file is tested as soon as it exists."""

import copy
import importlib
import inspect
import math
import re
import typing
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from pyannote.audio.augmentation.base import Augmentation, TrainingFrames
from pyannote.audio.config.registry import FOLDERS, available, build, check_parameters, find, parameters_of
from pyannote.audio.config.schema import Block
from pyannote.audio.config.yaml_lines import read_yaml
from pyannote.audio.core.class_files import snake_case
from pyannote.audio.core.errors import ConfigError, UsageError
from pyannote.audio.core.outputs import Output
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.train.epoch_augmentations import EpochAugmentation

EVERY = [(kind, name) for kind in FOLDERS for name in available(kind)]
BOTH = Specifications("Dcase", {"X": 40, "long_term": 40}, ("a", "b", "c"), 2.0, 0.01, 44100)
SHORT = Specifications("Dcase", {"X": 40}, ("a", "b", "c"), 2.0, 0.01, 44100)
WAVEFORM = Specifications("TripletLoss", {"X": 1}, ("a", "b", "c"), 1.0, 1 / 16000, 16000)

# values of parameters that have no default, by name
NEEDED = {
    "specifications": BOTH,
    "learning_rate": 0.01,
    "labels_spec": {"regular": ["a", "b"]},
    "sample_rate": 16000,
}

DERIVED = re.compile(
    r"^class ([A-Z]\w*)\((?:Task|Approach|Backend|Model|Augmentation|Scheduler|Optimizer)\b", re.MULTILINE
)


def needed(name):
    """Values of parameters that have no default: some read waveforms, or give vectors, alone."""
    wanted = WAVEFORM if name == "SincNet" else BOTH
    if name in available("architecture"):
        found = getattr(importlib.import_module(available("architecture")[name]), name)
        wanted = replace(wanted, output=Output(found.output_kinds[0]))
    return {**NEEDED, "specifications": wanted}


def of(kind):
    return [name for own, name in EVERY if own == kind]


@pytest.fixture(scope="module")
def document(tmp_path_factory):
    path = tmp_path_factory.mktemp("contract") / "config.yml"
    path.write_text("block:\n  name: x\n  params:\n    # comment\n    wrong: 1\n")
    return read_yaml(path)


def made(kind, name, **given):
    """Object with defaults, and values for what has none."""
    module = importlib.import_module(available(kind)[name])
    found = getattr(module, name)
    for parameter, value in inspect.signature(found).parameters.items():
        if value.default is inspect.Parameter.empty and parameter not in given:
            if parameter not in NEEDED:
                pytest.skip(f"{name} needs {parameter}, which nobody can guess")
            given[parameter] = needed(name)[parameter]
    return found(**given)


def test_each_kind_is_known():
    assert {kind for kind, _ in EVERY} == set(FOLDERS)


@pytest.mark.parametrize("kind", FOLDERS)
def test_a_class_lies_in_the_file_of_its_name(kind):
    for folder in importlib.import_module(FOLDERS[kind]).__path__:
        for file in Path(folder).glob("[a-z]*.py"):
            for name in DERIVED.findall(file.read_text()):
                assert available(kind)[name].endswith(f".{file.stem}")


@pytest.mark.parametrize(("kind", "name"), EVERY)
def test_is_found_by_its_bare_and_by_its_dotted_name(document, kind, name):
    found = find(kind, name, document, ())
    assert found.__name__ == name
    assert find(kind, f"{FOLDERS[kind]}.{name}", document, ()) is found
    assert find(kind, f"{FOLDERS[kind]}.{snake_case(name)}.{name}", document, ()) is found
    assert getattr(importlib.import_module(FOLDERS[kind]), name) is found


@pytest.mark.parametrize(("kind", "name"), EVERY)
def test_is_documented_with_every_parameter(document, kind, name):
    found = find(kind, name, document, ())
    documentation = inspect.getdoc(found) or ""
    assert found.__doc__ and found.__doc__.strip()
    for parameter in inspect.signature(found).parameters:
        assert re.search(rf"\b{parameter}\b", documentation), parameter


@pytest.mark.parametrize(("kind", "name"), EVERY)
def test_every_parameter_is_typed(document, kind, name):
    found = find(kind, name, document, ())
    hints = typing.get_type_hints(found.__init__)
    for parameter, value in inspect.signature(found).parameters.items():
        assert parameter in hints, parameter
        assert value.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD, parameter


@pytest.mark.parametrize(("kind", "name"), EVERY)
def test_a_misspelt_parameter_is_refused_with_line_and_nearest_name(document, kind, name):
    found = find(kind, name, document, ())
    block = Block(name, {"wrong": 1}, ("block",))
    with pytest.raises(ConfigError, match=f"{name} has no parameter 'wrong'") as caught:
        check_parameters(found, block, document)
    assert caught.value.line == 5
    for parameter in parameters_of(found):
        if len(parameter) < 4:
            continue
        misspelt = parameter[:-2] + parameter[-1]
        if misspelt in parameters_of(found):
            continue
        with pytest.raises(ConfigError) as caught:
            check_parameters(found, Block(name, {misspelt: 1}, ("block",)), document)
        assert "Did you mean" in caught.value.fix


@pytest.mark.parametrize(("kind", "name"), EVERY)
def test_a_misspelt_name_is_answered_with_the_right_one(document, kind, name):
    misspelt = name[0] + name[2:]
    if misspelt not in available(kind):
        with pytest.raises(ConfigError, match="Did you mean") as caught:
            find(kind, misspelt, document, ())
        assert "there are" in caught.value.message


@pytest.mark.parametrize(("kind", "name"), EVERY)
def test_works_with_its_defaults(document, kind, name):
    made(kind, name)
    signature = parameters_of(find(kind, name, document, ()))
    params = {
        key: NEEDED[key]
        for key, value in signature.items()
        if value.default is inspect.Parameter.empty and key in NEEDED and key != "specifications"
    }
    injected = {"specifications": needed(name)["specifications"]} if "specifications" in signature else {}
    if all(
        key in params or key in injected or value.default is not inspect.Parameter.empty
        for key, value in signature.items()
    ):
        assert build(kind, Block(name, params), document, **injected) is not None


@pytest.mark.parametrize(("kind", "name"), EVERY)
def test_defaults_are_values_that_a_configuration_could_give(document, kind, name):
    found = find(kind, name, document, ())
    signature = parameters_of(found)
    params = {}
    for parameter, value in signature.items():
        if value.default is not inspect.Parameter.empty:
            default = value.default
            params[parameter] = list(default) if isinstance(default, tuple) else default
    needed = tuple(key for key, value in signature.items() if value.default is inspect.Parameter.empty)
    check_parameters(found, Block(name, params), document, injected=needed)


# augmentation


def batch_of(seed=0, count=6, dtype=torch.float32):
    random = torch.Generator().manual_seed(seed)
    return {
        "X": (10 * torch.randn(count, 50, 40, generator=random) - 50).to(dtype),
        "long_term": (10 * torch.randn(count, 40, generator=random) - 50).to(dtype),
        "y": (torch.rand(count, 50, 3, generator=random) > 0.5).to(dtype),
    }


def seeded(seed):
    return torch.Generator().manual_seed(seed)


WAITING = {"_local_scalar_dense", "nonzero", "masked_select", "equal", "is_nonzero", "unique2", "lift_fresh"}
"""What a GPU would have to be waited for, because its answer decides on what comes next."""


class Operations(TorchDispatchMode):
    """Names of what torch does within."""

    def __init__(self):
        super().__init__()
        self.names = set()

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        indices = (
            args[1] if function.overloadpacket in (torch.ops.aten.index, torch.ops.aten.index_put_) else ()
        )
        masked = any(index is not None and index.dtype == torch.bool for index in indices)
        self.names.add("nonzero" if masked else function.overloadpacket.__name__)
        return function(*args, **(kwargs or {}))


def changes_features(name):
    module = importlib.import_module(available("data_augmentation")[name])
    return issubclass(getattr(module, name), Augmentation)


def begun(name):
    """Augmentation in the first epoch of a training on a file of two events."""
    augmentation = made("data_augmentation", name)
    if isinstance(augmentation, EpochAugmentation):
        frames, activity = 10 * torch.randn(200, 40, generator=seeded(1)) - 30, torch.zeros(200, 3)
        activity[20:60, 0], activity[50:90, 2] = 1, 1
        training = TrainingFrames(frames, activity, offsets=[0, 200], step=0.01)
        augmentation.begin(training, epoch=1, planned=10)
    return augmentation


@pytest.mark.parametrize("name", [name for name in of("data_augmentation") if changes_features(name)])
class TestAugmentation:
    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    @pytest.mark.parametrize("without", [(), ("long_term",)])
    def test_keeps_shapes_types_and_names(self, name, dtype, without):
        batch = {key: value for key, value in batch_of(dtype=dtype).items() if key not in without}
        changed = begun(name)(batch, seeded(0))
        assert changed.keys() == batch.keys()
        for key, value in changed.items():
            assert (value.shape, value.dtype) == (batch[key].shape, dtype), key
            assert torch.isfinite(value).all()

    def test_leaves_what_it_is_given_as_it_is(self, name):
        batch = batch_of()
        before = {key: value.clone() for key, value in batch.items()}
        begun(name)(batch, seeded(0))
        assert batch.keys() == before.keys()
        assert all(torch.equal(batch[key], before[key]) for key in batch)

    def test_changes_something(self, name):
        augmentation, random = begun(name), seeded(0)
        batch = batch_of()
        assert any(not torch.equal(augmentation(batch, random)["X"], batch["X"]) for _ in range(5))

    def test_draws_from_the_generator_that_it_is_given_alone(self, name):
        augmentation, batch = begun(name), batch_of()
        first = augmentation(batch, seeded(5))
        torch.manual_seed(9)
        np.random.default_rng(6).random(3)
        state = torch.get_rng_state()
        second = augmentation(batch, seeded(5))
        assert torch.equal(state, torch.get_rng_state())
        other = augmentation(batch, seeded(6))
        assert all(torch.equal(first[key], second[key]) for key in batch)
        assert any(not torch.equal(first[key], other[key]) for key in batch)

    def test_nothing_is_read_from_the_device_or_copied_there(self, name, monkeypatch):
        augmentation, batch, random = begun(name), batch_of(), seeded(0)
        # what is kept for all batches may be moved with the first one
        augmentation(batch, random)
        monkeypatch.setattr(torch, "from_numpy", None)
        monkeypatch.setattr(torch, "tensor", None)
        with Operations() as operations:
            augmentation(batch, random)
        assert operations.names and not operations.names & WAITING

    def test_activity_stays_between_0_and_1(self, name):
        augmentation = begun(name)
        for seed in range(20):
            activity = augmentation(batch_of(seed), seeded(seed))["y"]
            assert activity.min() >= 0 and activity.max() <= 1

    @pytest.mark.parametrize("count", [1, 2])
    def test_small_batches_are_batches(self, name, count):
        changed = begun(name)(batch_of(count=count), seeded(0))
        assert len(changed["X"]) == len(changed["y"]) == count


# what sets the rate, and what takes the step


def planned(name, **given):
    """Scheduler of a training of 30 epochs."""
    scheduler = made("scheduler", name, **given)
    scheduler.plan(30)
    return scheduler


@pytest.mark.parametrize("name", of("scheduler"))
class TestScheduler:
    def test_rates_are_positive_numbers(self, name):
        scheduler, random = planned(name, learning_rate=0.01), np.random.default_rng(0)
        parameters = [nn.Parameter(torch.zeros(1))]
        for optimizer in (torch.optim.SGD(parameters, 0.1, 0.9), torch.optim.Adam(parameters)):
            for step in range(1000):
                rate = scheduler.apply(optimizer, step, steps_per_epoch=7)
                assert 0 < rate <= 10 * scheduler.learning_rate and math.isfinite(rate)
                assert optimizer.param_groups[0]["lr"] == rate
                if step % 7 == 6:
                    scheduler.observe(float(random.random()))

    def test_goes_on_from_a_saved_state(self, name):
        losses = np.random.default_rng(1).random(40).tolist()
        whole, first, second = (planned(name, learning_rate=0.01) for _ in range(3))
        rates = []
        for epoch, loss in enumerate(losses):
            rates.append(whole.rate(7 * epoch, 7))
            whole.observe(loss)
            if epoch < 20:
                first.observe(loss)
        second.load_state_dict(copy.deepcopy(first.state_dict()))
        for epoch in range(20, 40):
            assert second.rate(7 * epoch, 7) == rates[epoch]
            second.observe(losses[epoch])

    def test_state_is_made_of_plain_values(self, name, tmp_path):
        scheduler = planned(name)
        for loss in (0.5, 0.4):
            scheduler.observe(loss)
        torch.save(scheduler.state_dict(), tmp_path / "state.pt")
        loaded = torch.load(tmp_path / "state.pt", weights_only=True)
        assert loaded == scheduler.state_dict()

    @pytest.mark.parametrize("rate", [0.0, -0.1])
    def test_a_rate_that_is_not_positive_is_refused(self, name, rate):
        with pytest.raises(ConfigError, match="positive"):
            planned(name, learning_rate=rate)

    def test_a_rate_that_is_still_to_be_found_reaches_no_optimizer(self, name):
        scheduler = planned(name, learning_rate="auto")
        optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], 0.1)
        assert scheduler.is_open
        with pytest.raises(UsageError, match="find_learning_rate"):
            scheduler.apply(optimizer, 0, 7)
        with pytest.raises(UsageError, match="find_learning_rate"):
            torch.optim.SGD([nn.Parameter(torch.zeros(1))], scheduler.learning_rate)
        assert optimizer.param_groups[0]["lr"] == 0.1

    def test_a_rate_that_was_found_is_one_that_was_given(self, name):
        found, given = (
            planned(name, learning_rate="auto"),
            planned(name, learning_rate=0.3),
        )
        found.learning_rate = 0.3
        assert not found.is_open and found.state_dict() == given.state_dict()
        assert [found.rate(step, 7) for step in range(50)] == [given.rate(step, 7) for step in range(50)]

    def test_a_rate_that_was_found_is_kept_unless_another_is_given(self, name):
        first, second = (planned(name, learning_rate="auto") for _ in range(2))
        second.load_state_dict(first.state_dict())
        assert second.is_open
        first.learning_rate = 1 / 3
        second.load_state_dict(first.state_dict())
        assert second.learning_rate == 1 / 3
        other = planned(name, learning_rate=0.2)
        other.load_state_dict(first.state_dict())
        assert other.learning_rate == 0.2


@pytest.mark.parametrize("name", of("optimizer"))
class TestOptimizer:
    def test_brings_a_square_down(self, name):
        weight = nn.Parameter(torch.tensor([1.0, -2.0]))
        optimizer = made("optimizer", name)([weight], learning_rate=0.01)
        assert isinstance(optimizer, torch.optim.Optimizer)
        assert all(group["lr"] == 0.01 for group in optimizer.param_groups)
        before = weight.square().sum().item()
        for _ in range(100):
            optimizer.zero_grad()
            weight.square().sum().backward()
            optimizer.step()
        assert weight.square().sum().item() < before

    def test_goes_on_from_a_saved_state(self, name, tmp_path):
        def steps(weight, optimizer, count):
            for _ in range(count):
                optimizer.zero_grad()
                weight.square().sum().backward()
                optimizer.step()

        whole = nn.Parameter(torch.tensor([1.0, -2.0]))
        optimizer = made("optimizer", name)([whole], learning_rate=0.01)
        steps(whole, optimizer, 5)
        torch.save({"weight": whole.data, "state": optimizer.state_dict()}, tmp_path / "state.pt")
        steps(whole, optimizer, 5)
        loaded = torch.load(tmp_path / "state.pt", weights_only=True)
        resumed = nn.Parameter(loaded["weight"])
        other = made("optimizer", name)([resumed], learning_rate=0.5)
        other.load_state_dict(loaded["state"])
        steps(resumed, other, 5)
        assert torch.equal(whole, resumed)


@pytest.mark.parametrize("name", of("task"))
class TestTask:
    @pytest.mark.parametrize("duration", [0.0, -1.0])
    def test_senseless_durations_are_refused(self, name, duration):
        with pytest.raises(ConfigError, match="positive"):
            made("task", name, duration=duration)

    @pytest.mark.parametrize(
        ("duration", "batch_size", "per_epoch", "batches"),
        [(2.0, 32, 1, 1350), (2.0, 1, 1, 43200), (2.0, 32, 0.01, 14), (2.0, 32, 1e-9, 1)],
    )
    def test_an_epoch_is_a_part_of_a_day(self, name, duration, batch_size, per_epoch, batches):
        task = made("task", name, duration=duration, batch_size=batch_size, per_epoch=per_epoch)
        assert task.batches_per_epoch == batches


@pytest.mark.parametrize("name", of("feature_extraction"))
class TestFeatureExtraction:
    def test_gives_frames_of_its_dimension(self, name):
        extraction = made("feature_extraction", name)
        file = {
            "waveform": np.random.default_rng(0).normal(size=32000).astype(np.float32) / 9,
            "sample_rate": 16000,
        }
        features = extraction(file)
        assert features.data.ndim == 2 and features.data.shape[1] == extraction.dimension
        assert features.data.dtype == np.float32 and np.isfinite(features.data).all()
        assert features.sliding_window.step == extraction.sliding_window.step > 0
        assert isinstance(extraction.parameters, Mapping)
