"""What files do not say is refused by `check`, `train`, `validate` and `apply` in one sentence."""

import json
from pathlib import Path

import pytest
import yaml
from outcomes import DATA

REGION, EVENT = ("annotated", 0), ("annotation", 1)
"""Key in database.yml of a kind of line, and column of the name of the recording."""


class Copied:
    """A copy of the recordings of a block, an experiment without epochs, and one that is validated."""

    def __init__(self, block, recordings, new, done):
        self.block, self.recordings, self.new, self.done = block, recordings, new, done

    def sources(self, subset):
        database, task, protocol = self.block.protocol.split(".")
        content = yaml.safe_load(self.recordings.database.read_text())
        entries = content["Protocols"][database][task][protocol][subset]
        return {key: Path(path) for key, path in entries.items()}

    def uri(self, subset):
        return self.sources(subset)["uri"].read_text().split()[0]

    def rename(self, subset, kind, uri, new):
        """Rename the lines of a recording, or remove them, and give file and number of the first one."""
        key, column = kind
        path, found = self.sources(subset)[key], []
        lines = []
        for number, line in enumerate(path.read_text().splitlines(), 1):
            words = line.split()
            if words[column] == uri:
                found.append(number)
                words[column] = new
                line = " ".join(words)
            lines.append(line)
        path.write_text("".join(f"{line}\n" for line in lines))
        return path, found[0]

    def remove(self, subset, kind, uri):
        path = self.sources(subset)[kind[0]]
        kept = [line for line in path.read_text().splitlines() if line.split()[kind[1]] != uri]
        path.write_text("".join(f"{line}\n" for line in kept))

    def check(self, *options):
        """Errors and warnings of `check`, and its exit status."""
        arguments = ("--cpu", "--quick", "--json", *options, self.new.root, self.block.protocol)
        result = self.block.here(
            "check", *arguments, database=self.recordings.config, cache=self.recordings.cache
        )
        assert result.out, result.err
        answer = json.loads(result.out)
        return result.code, answer

    def commands(self, subset):
        """Each command that reads a subset."""
        ways = {"train": ("train", self.new, ("--to=1",))}
        if subset == "development":
            ways["validate"] = ("validate", self.done, ())
        if subset == "test":
            ways["apply"] = ("apply", self.done, ())
        return ways

    def run(self, way, *options):
        command, folders, own = way
        return getattr(self.block, command)(folders, *own, *options, recordings=self.recordings)


@pytest.fixture
def copied_data(block, broken, fresh, trained_copy):
    return Copied(block, broken, fresh, trained_copy)


def errors(answer):
    return [
        f"{one['file']}, line {one['line']}: {one['what']} {one['mend']}"
        for one in answer["findings"]
        if one["level"] == "error"
    ]


def refused_alike(data, subset, sentence):
    """Whether all commands that read a subset end with one sentence."""
    code, answer = data.check()
    assert (code, errors(answer)) == (DATA, [sentence])
    for name, way in data.commands(subset).items():
        result = data.run(way)
        assert (result.code, result.err) == (DATA, f"Error: {sentence}\n"), name
    assert not (data.new.root / "train").exists()


@pytest.mark.parametrize("subset", ["train", "development", "test"])
def test_a_recording_without_a_region_is_refused_by_all_commands(subset, copied_data):
    data, uri = copied_data, copied_data.uri(subset)
    sources = data.sources(subset)
    data.remove(subset, REGION, uri)
    uem, listing = sources["annotated"], sources["uri"]
    refused_alike(
        data,
        subset,
        f"{listing}, line 1: '{uri}' has no line in {uem}, so that no part of it counts as annotated. Add a "
        f"line `{uri} 1 start end` to {uem.name}. Or leave such recordings out with --unannotated=skip.",
    )


@pytest.mark.parametrize("subset", ["train", "development", "test"])
def test_a_recording_without_a_region_is_left_out_by_all_commands_that_are_told_to(subset, copied_data):
    data, uri = copied_data, copied_data.uri(subset)
    name = f"'{data.block.protocol.split('.')[0]}/{uri}'"
    code, before = data.check("--unannotated=skip")
    data.remove(subset, REGION, uri)
    code, answer = data.check("--unannotated=skip")
    assert code in (0, 10) and errors(answer) == []
    assert [one["line"] for one in answer["findings"] if one["kind"] == "unannotated"] == [1]
    for figure in ("recordings", "readable"):
        assert answer["subsets"][subset][figure] == before["subsets"][subset][figure] - 1
    for command, way in data.commands(subset).items():
        result = data.run(way, "--unannotated=skip")
        told = f"left out of {subset}, without annotated regions (--unannotated=skip): 1 file, {name}."
        assert result.code == 0, result.err
        # `train` reads the other subsets for their errors alone
        assert (f"Warning: {told}" in result.err) == (subset == "train" or command != "train"), result.err


@pytest.mark.parametrize("kind", [REGION, EVENT], ids=["UEM", "RTTM"])
@pytest.mark.parametrize("subset", ["train", "development", "test"])
def test_a_name_that_is_spelt_otherwise_is_refused_by_all_commands(subset, kind, copied_data):
    data, uri = copied_data, copied_data.uri(subset)
    if kind[0] not in data.sources(subset):
        pytest.skip("this subset has no such lines")
    other = f"audio/{uri.upper()}.FLAC"
    path, line = data.rename(subset, kind, uri, other)
    listing = data.sources(subset)["uri"]
    sentence = (
        f"{path}, line {line}: No list contains '{other}', and '{uri}' (line 1 of {listing.name}) has no "
        f"line here: two spellings of one name. Write '{uri}' here, or '{other}' in the list."
    )
    refused_alike(data, subset, sentence)
    for way in data.commands(subset).values():
        result = data.run(way, "--unannotated=skip")
        assert (result.code, result.err) == (DATA, f"Error: {sentence}\n")


@pytest.mark.parametrize("subset", ["train", "development", "test"])
def test_a_name_that_some_lines_spell_otherwise_is_told_of_by_all_commands(subset, copied_data):
    """The recording has a line of its own, so that the others may be about another recording."""
    data, uri = copied_data, copied_data.uri(subset)
    path = data.sources(subset)["annotated"]
    path.write_text(path.read_text() + f"{uri}.wav 1 0 1\n")
    line = len(path.read_text().splitlines())
    told = f"{path}, line {line}: No list contains '{uri}.wav', so that its lines are not used; '{uri}' ("
    code, answer = data.check()
    found = [f"{one['file']}, line {one['line']}: {one['what']}" for one in answer["findings"]]
    assert code == 10 and sum(told in one for one in found) == 1
    for name, way in data.commands(subset).items():
        result = data.run(way)
        assert (result.code, result.err.count(f"Warning: {told}")) == (0, 1), name
