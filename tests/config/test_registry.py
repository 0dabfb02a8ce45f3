"""Search for classes by name, and checks of their parameters."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import pytest

from pyannote.audio.config.registry import (
    accepts,
    available,
    build,
    check_parameters,
    describe,
    find,
)
from pyannote.audio.config.schema import Block, load_config
from pyannote.audio.config.yaml_lines import Document
from pyannote.audio.core.class_files import snake_case
from pyannote.audio.core.errors import ConfigError

NOWHERE = Document(Path("config.yml"), {}, {})


@pytest.fixture
def block(tmp_path):
    """Block of an architecture or of a scheduler, as a file gives it."""

    def block(kind, text):
        blocks = dict.fromkeys(("task", "feature_extraction", "architecture", "scheduler"), "  name: Dcase\n")
        blocks[kind] = text
        path = tmp_path / "config.yml"
        path.write_text("".join(f"{key}:\n{own}" for key, own in blocks.items()))
        config = load_config(path)
        return getattr(config, kind), config.document

    return block


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("Dcase", "dcase"),
        ("LibrosaMFCC", "librosa_mfcc"),
        ("SGD", "sgd"),
        ("AdamW", "adam_w"),
        ("RawAudio", "raw_audio"),
        ("ClopiNet", "clopi_net"),
        ("MLPHead2D", "mlp_head2_d"),
    ],
)
def test_file_of_a_class(name, file):
    assert snake_case(name) == file


@pytest.mark.parametrize(
    ("value", "hint", "expected"),
    [
        (1, int, True),
        (True, int, False),
        (1.0, int, False),
        ("1", int, False),
        (1, float, True),
        (0.5, float, True),
        (True, float, False),
        (float("nan"), float, False),
        (float("inf"), float, False),
        (10**300, float, True),
        (10**400, float, False),
        (2**31, int, False),
        (True, bool, True),
        ("no", bool, False),
        (1, bool, False),
        ("a", str, True),
        (3, str, False),
        (None, float | None, True),
        (None, float, False),
        (2, float | None, True),
        ([3, 3], Sequence[int], True),
        ([3, "a"], Sequence[int], False),
        (3, Sequence[int], False),
        ("33", Sequence[int], False),
        ([0.8, 1], tuple[float, float], True),
        ({"a": 1}, Mapping[str, float], True),
        ({"a": "b"}, Mapping[str, float], False),
        ([1], Mapping[str, Any], False),
        ("any", Literal["any", "share"], True),
        ("all", Literal["any", "share"], False),
        ([1], Literal["any", "share"], False),
        ("balanced", Literal["balanced"] | Mapping[str, float] | None, True),
        ({"car": 2}, Literal["balanced"] | Mapping[str, float] | None, True),
        ("other", Literal["balanced"] | Mapping[str, float] | None, False),
        (object(), Any, True),
    ],
)
def test_types_of_values(value, hint, expected):
    assert accepts(value, hint) is expected


def test_words_for_types():
    assert describe(bool) == "True or False"
    assert describe(Sequence[int]) == "a list"
    assert describe(Literal["any", "share"]) == "one of 'any', 'share'"
    assert describe(Literal["balanced"] | Mapping[str, float] | None) == "'balanced' or a mapping or None"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Dcas", "no architecture named 'Dcas'.*Did you mean 'Dcase'"),
        ("pyannote.audio.models.Dcas", "Did you mean 'Dcase'"),
        ("dcase", "Did you mean 'Dcase'"),
        ("os.path.Dcase", "no architecture named 'os.path.Dcase'"),
        ("pyannote.audio.labeling.tasks.Dcase", "no architecture named"),
        ("Model", "no architecture named 'Model'; there are .*Crnn"),
        ("", "no architecture named ''"),
        ("../../etc", "no architecture named"),
    ],
)
def test_unknown_classes(name, words):
    with pytest.raises(ConfigError, match=words):
        find("architecture", name, NOWHERE, ())


@pytest.mark.parametrize(
    ("kind", "text", "line", "words"),
    [
        ("architecture", "  name: Dcas\n", None, "Did you mean 'Dcase'"),
        (
            "architecture",
            "  name: Dcase\n  params:\n    dropuot: 0.5\n",
            8,
            "no parameter 'dropuot'.*Did you mean 'dropout'",
        ),
        ("architecture", "  name: Dcase\n  params:\n    zzz: 1\n", 8, "no parameter 'zzz'; it has channels"),
        (
            "architecture",
            "  name: Dcase\n  params:\n    batch_normalize: no\n",
            8,
            "must be True or False, not 'no'",
        ),
        (
            "architecture",
            "  name: Dcase\n  params:\n    hidden: 1.5\n",
            8,
            "hidden of Dcase must be a whole number of at most 2147483647, not 1.5",
        ),
        (
            "architecture",
            "  name: Dcase\n  params:\n    pooling: 3\n",
            8,
            "pooling of Dcase must be a list, not 3",
        ),
        ("architecture", "  name: Dcase\n  params:\n    pooling: [3]\n", 8, "pooling must be four sizes"),
        (
            "architecture",
            "  name: Dcase\n  params:\n    specifications: 3\n",
            8,
            "no parameter 'specifications'",
        ),
        (
            "scheduler",
            "  name: ConstantScheduler\n  params:\n    learning_rate: fast\n",
            10,
            "a finite number or 'auto', not 'fast'",
        ),
        (
            "scheduler",
            "  name: ConstantScheduler\n  params:\n    learning_rate: .nan\n",
            10,
            "a finite number or 'auto', not nan",
        ),
        (
            "scheduler",
            "  name: ConstantScheduler\n  params:\n    learning_rate: -1\n",
            10,
            "must be positive, not -1",
        ),
    ],
)
def test_errors_name_line_and_mend(block, kind, text, line, words):
    from pyannote.audio.core.specifications import Specifications

    found, document = block(kind, text)
    injected = {}
    if kind == "architecture":
        injected["specifications"] = Specifications("T", {"X": 40}, ("a",), 2.0, 0.01, 16000)
    with pytest.raises(ConfigError, match=words) as caught:
        build(kind, found, document, **injected)
    assert caught.value.file is not None and caught.value.line is not None
    assert line is None or caught.value.line == line


def test_a_missing_parameter_is_named():
    class Needy:
        def __init__(self, size: int, other: int = 1) -> None:
            pass

    with pytest.raises(ConfigError, match="Needy needs the parameter 'size'"):
        check_parameters(Needy, Block("Needy", {"other": 2}), NOWHERE)
    assert check_parameters(Needy, Block("Needy", {}), NOWHERE, injected=("size",)) == []


def test_parameters_of_older_configurations_are_reported_and_have_no_effect():
    found = find("architecture", "Dcase", NOWHERE, ())
    block = Block("Dcase", {"sincnet": {"skip": True}, "rnn": 3, "hidden": 8})
    assert check_parameters(found, block, NOWHERE, injected=("specifications",)) == ["sincnet", "rnn"]


def test_helper_classes_and_other_files_are_not_offered():
    names = available("architecture")
    assert "Model" not in names
    assert all(module.startswith("pyannote.audio.models.") for module in names.values())
