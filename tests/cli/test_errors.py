"""`evaluate --errors`: kinds of errors, which events are found, and figures without each kind of error."""

import json

import pytest
import soundfile
from commands import known_database

from pyannote.audio.applications.error_tables import error_tables
from pyannote.audio.database.protocols import recordings

KINDS = ("substitutions", "deletions", "insertions")


@pytest.fixture
def applied(copied, here):
    """An experiment that was applied to its test files."""
    assert here("dcase", "apply", "--cpu", copied.validate, copied.protocol).code == 0
    return copied


@pytest.fixture
def evaluated(applied, here, tmp_path):
    """Figures and errors, as JSON, and what is printed."""

    def run(*options, code=0):
        output = tmp_path / "figures.json"
        result = here("dcase", "evaluate", *options, f"--output={output}", applied.applied)
        assert result.code == code
        return json.loads(output.read_text()), result

    return run


def test_errors_are_added_to_the_figures_of_sed_eval(evaluated, applied, data):
    plain, without = evaluated()
    figures, result = evaluated("--errors")
    errors = figures.pop("errors")
    assert figures == plain and "errors" not in plain
    assert result.err == "" and result.out.startswith(without.out)
    assert result.out.removeprefix(without.out).strip() == error_tables(errors).strip()

    overall, classes = figures["segment_based"]["overall"], figures["segment_based"]["class_wise"]
    reference = sum(one["count"]["Nref"] for one in classes.values())
    for name in KINDS:
        total = sum(one[name] for one in errors["kinds"].values())
        assert total / reference == pytest.approx(overall["error_rate"][f"{name.removesuffix('s')}_rate"])
    as_it_is = errors["ceilings"]["as it is"]
    assert as_it_is["error_rate"] == pytest.approx(overall["error_rate"]["error_rate"])
    assert as_it_is["f_measure"] == pytest.approx(overall["f_measure"]["f_measure"])
    assert min(one["error_rate"] for one in errors["ceilings"].values()) < as_it_is["error_rate"]
    assert list(errors["class_wise"]) == list(classes)
    for label, counts in errors["class_wise"].items():
        assert counts["annotated"] == classes[label]["count"]["Nref"]
        assert counts["right"] + counts["invented"] + counts["long"] == classes[label]["count"]["Nsys"]
    with known_database(data / "database" / "database.yml", data / "cache"):
        events = sum(len(file["events"]) for file in recordings(applied.protocol, "test"))
    groups = errors["annotated_events"]
    assert set(groups) == {"duration", "overlap", "level"}
    assert sum(group["events"] for group in groups["duration"]) <= events
    for name in ("duration", "overlap", "level"):
        for field in ("events", "found", "segments", "agreeing"):
            same = sum(group[field] for group in groups[name]), sum(one[field] for one in groups["duration"])
            assert same[0] == same[1]
    detected = sum(group["events"] for group in errors["detected_events"]["duration"])
    lists = (applied.applied / f"{applied.protocol}.test.events.tsv").read_text().splitlines()
    # the first line names the columns
    assert detected == len(lists) - 1


def test_the_tables_show_it(evaluated):
    figures, result = evaluated("--errors")
    for title in (
        "Errors in segments of 1 s",
        "Segments of each class",
        "Annotated events",
        "Detected events",
    ):
        assert f"\n{title} " in result.out
    (row,) = [line for line in result.out.splitlines() if line.startswith("  all ")]
    kinds = figures["errors"]["kinds"].values()
    assert row.split()[1:4] == [str(sum(one[name] for one in kinds)) for name in KINDS]
    assert "  nothing invented  " in result.out and "people walking" in result.out
    assert "dB over the background" in result.out


def test_levels_of_other_audio_are_left_out(evaluated, applied, here, data, tmp_path):
    before, _ = evaluated("--errors")
    database = tmp_path / "database.yml"
    text = (data / "database" / "database.yml").read_text()
    audio = tmp_path / "audio"
    audio.mkdir()
    with known_database(data / "database" / "database.yml", data / "cache"):
        for file in recordings(applied.protocol, "test"):
            samples, rate = soundfile.read(file["audio"])
            soundfile.write(audio / f"{file['uri']}.wav", samples / 2, rate)
            text = text.replace(str(file["audio"].parent), str(audio))
    database.write_text(text)
    output = tmp_path / "other.json"
    result = here("dcase", "evaluate", "--errors", f"--output={output}", applied.applied, database=database)
    assert result.code == 0
    assert (
        "levels over the background are left out. " in result.err
        and "is not that of these results" in result.err
    )
    after = json.loads(output.read_text())
    for side in ("annotated_events", "detected_events"):
        assert "level" not in after["errors"][side]
        del before["errors"][side]["level"]
    assert after == before


def test_results_without_provenance_have_no_levels(evaluated, applied):
    (applied.applied / f"{applied.protocol}.test.provenance.json").unlink()
    figures, result = evaluated("--errors")
    assert "level" not in figures["errors"]["annotated_events"]
    assert "levels over the background are left out. An earlier version" in result.err
