"""The task of ARCHITECTURE.md works in all commands as it is printed."""

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
PROTOCOL = "TUT2017.SpeakerDiarization.Fold1"


def block(language, text):
    """The one block of a language in a text."""
    (found,) = re.findall(rf"(?ms)^```{language}\n(.*?)^```", text)
    return found


def test_the_task_of_the_example_is_trained_validated_and_applied(here, section, config_text, tmp_path):
    example = section(TEXT, "Example: a speech activity task")
    code = tmp_path / "speech_activity.py"
    code.write_text(block("python", example))
    config = yaml.safe_load(config_text) | yaml.safe_load(block("yaml", example))
    config["task"]["params"]["per_epoch"] = 0.0005
    (tmp_path / "config.yml").write_text(yaml.safe_dump(config))
    train = tmp_path / "train" / f"{PROTOCOL}.train"
    validate = train / "validate_average_detection_fscore" / f"{PROTOCOL}.development"
    for command, folder, *options in (
        ("train", tmp_path, "--to=1"),
        ("validate", train),
        ("apply", validate),
    ):
        result = here("mlt", command, "--cpu", f"--code={code}", *options, folder, PROTOCOL)
        assert result.code == 0, result.err
    (reference,) = validate.rglob(f"{PROTOCOL}.test.reference.tsv")
    header, *events = [line.split("\t") for line in reference.read_text().splitlines()]
    assert header[-1] == "event_label"
    assert {columns[-1] for columns in events if len(columns) > 1} == {"speech"}


def test_it_can_be_read_in_ten_minutes():
    assert len(TEXT.split()) <= 1800


def test_each_layer_is_explained():
    layers = (ROOT / ".importlinter").read_text().partition("layers =\n")[2].split("\n\n")[0]
    for name in re.findall(r"\w+", layers):
        assert re.search(rf"^\| .*`{name}`.* \|", TEXT, flags=re.MULTILINE), name
