"""`apply --format`: events in the formats that were chosen, and in no others."""

from dataclasses import replace

import pytest

from pyannote.audio.applications import event_formats
from pyannote.audio.core.errors import DataError
from pyannote.audio.database.formats import base
from pyannote.audio.io.event_lists import read_event_lists

DATA, USAGE = 4, 2


def files(folders, *ends):
    """Content of the results of a run with some ends of names."""
    name = f"{folders.protocol}.test."
    paths = [path for path in folders.applied.rglob("*") if path.is_file() and path.name[0] != "."]
    below = {path.relative_to(folders.applied).as_posix(): path.read_bytes() for path in paths}
    return {
        path.removeprefix(name): content
        for path, content in below.items()
        if path.startswith(name) and path.endswith(ends)
    }


def test_the_default_is_an_event_list_and_rttm(copied, here):
    """Whether it is named or not, the bytes are the same."""
    assert here("dcase", "apply", "--cpu", copied.validate, copied.protocol).code == 0
    before = files(copied, ".tsv", ".rttm", ".txt", ".json", ".eval")
    assert len([name for name in before if name.endswith("rttm")]) == 7 and "events.tsv" in before
    assert not [name for name in before if name.endswith(".txt")]
    options = ("--cpu", "--format=rttm,tsv")
    assert here("dcase", "apply", *options, copied.validate, copied.protocol).code == 0
    assert files(copied, ".tsv", ".rttm", ".txt", ".json", ".eval") == before


def test_labels_of_audacity_are_the_events_of_the_event_list(copied, here):
    options = ("--cpu", "--format=tsv,audacity")
    assert here("dcase", "apply", *options, copied.validate, copied.protocol).code == 0
    listed = read_event_lists(copied.applied / f"{copied.protocol}.test.events.tsv")
    written = files(copied, ".txt")
    assert {name.removeprefix("audacity/").removesuffix(".txt") for name in written} == set(listed)
    assert sum(map(len, listed.values())) > 5
    for uri, events in listed.items():
        rows = [line.split("\t") for line in written[f"audacity/{uri}.txt"].decode().splitlines()]
        found = [(float(onset), float(offset), label) for onset, offset, label in rows]
        assert [(pytest.approx(a, abs=1e-3), pytest.approx(b, abs=1e-3), c) for a, b, c in events] == found
    assert not files(copied, ".rttm")
    assert here("dcase", "evaluate", copied.applied).code == 0


def test_what_was_not_chosen_this_time_does_not_stay_from_an_earlier_run(copied, here):
    for options, ends in (("--format=tsv,audacity", {"tsv", "txt"}), ("--format=rttm", {"tsv", "rttm"})):
        assert here("dcase", "apply", "--cpu", options, copied.validate, copied.protocol).code == 0
        assert {name.rpartition(".")[2] for name in files(copied, ".tsv", ".txt", ".rttm")} == ends
    # the reference is what it was; without the event list, there is nothing to compare it with
    assert "events.tsv" not in files(copied, ".tsv")
    result = here("dcase", "evaluate", copied.applied)
    assert result.code == DATA and "events.tsv: There is a reference, but no event list" in result.err


@pytest.mark.parametrize("given", ["tvs", "", "tsv,,rttm", "tsv,csvv"])
def test_a_format_that_does_not_exist_is_a_sentence_before_the_work(given, copied, here):
    result = here("dcase", "apply", "--cpu", f"--format={given}", copied.validate, copied.protocol)
    assert (result.code, result.out) == (USAGE, "") and "there are tsv, rttm, " in result.err
    assert not (copied.validate / "apply").exists()


def test_names_that_a_format_cannot_express_are_refused_before_the_work(copied, here, monkeypatch):
    def write(events, durations):
        raise DataError("This format has no word for 'people walking'.", fix="Choose another.")

    formats = base.formats()
    odd = replace(formats["audacity"], write=write)
    monkeypatch.setattr(event_formats, "formats", lambda: {**formats, "odd": odd})
    result = here("dcase", "apply", "--cpu", "--format=tsv,odd", copied.validate, copied.protocol)
    assert (result.code, result.out) == (DATA, "") and "no word for 'people walking'" in result.err
    assert not list((copied.validate / "apply").rglob("*.npy"))
