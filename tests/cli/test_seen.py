"""`apply` writes no figures of files that the model was trained on, unless it is told to."""

import json
import shutil

import pytest
from recordings import Street

FIGURES = ("reference.tsv", "eval", "evaluation.json")
RESULTS = ("events.tsv", "rttm", "provenance.json")


def results(folders, subset):
    """Suffixes of the results of a subset, without those of single classes."""
    name = f"{folders.protocol}.{subset}."
    ends = {path.name.removeprefix(name) for path in folders.applied.glob(f"{name}*")}
    return ends & {*FIGURES, *RESULTS}


def apply(here, folders, *options, **where):
    return here("dcase", "apply", "--cpu", *options, folders.validate, folders.protocol, **where)


def test_training_files_have_events_and_no_figures(copied, here):
    result = apply(here, copied, "--subset=train")
    assert result.code == 0 and results(copied, "train") == {*RESULTS}
    assert "overall" not in result.out and len(list(copied.applied.rglob("*.npy"))) == 4
    trained = sorted(json.loads((copied.train / "files.json").read_text()))
    named = ", ".join(f"'{name}'" for name in trained)
    assert result.err == (
        f"Warning: the model was trained on 4 of 4 files ({named}). No figures are written; --seen=score "
        "writes them, and marks them.\n"
    )
    assert here("dcase", "evaluate", "--subset=train", copied.applied).code == 2

    result = apply(here, copied, "--subset=train", "--seen=score")
    assert result.code == 0 and results(copied, "train") == {*RESULTS, *FIGURES}
    assert "are marked so (--seen=score)" in result.err and "overall" in result.out
    name = f"{copied.protocol}.train"
    figures = json.loads((copied.applied / f"{name}.evaluation.json").read_text())
    assert figures["seen_in_training"] == trained
    table = (copied.applied / f"{name}.eval").read_text()
    assert table.startswith(f"The model was trained on 4 of 4 files: {named}.\n\nSegment-based")
    assert here("dcase", "evaluate", "--subset=train", copied.applied).code == 4

    # figures that are refused now are not left from before
    assert apply(here, copied, "--subset=train").code == 0 and results(copied, "train") == {*RESULTS}


@pytest.mark.parametrize("renamed", [False, True], ids=["by name", "by audio"])
def test_a_test_list_with_a_training_file_has_no_figures(renamed, copied, data, here, tmp_path):
    recordings = Street(data, data / "cache").copy(tmp_path / "data")
    where = {"database": recordings.database, "cache": recordings.cache}
    uri = recordings.listed("train")[0]
    name = "renamed" if renamed else uri
    if renamed:
        shutil.copy2(recordings.wav(uri), recordings.wav(name))
        recordings.uem.write_text(recordings.uem.read_text() + f"{name} 1 0 10\n")
    with recordings.list("test").open("a") as stream:
        stream.write(f"{name}\n")
    result = apply(here, copied, **where)
    assert result.code == 0 and results(copied, "test") == {*RESULTS}
    assert f"trained on 1 of 3 files ('TUT2017/{name}'). No figures are written" in result.err
    result = apply(here, copied, "--seen=score", **where)
    figures = json.loads((copied.applied / f"{copied.protocol}.test.evaluation.json").read_text())
    assert result.code == 0 and figures["seen_in_training"] == [f"TUT2017/{name}"]


def test_unseen_files_have_figures_without_a_mark(copied, here):
    result = apply(here, copied)
    assert (result.code, result.err) == (0, "") and results(copied, "test") == {*RESULTS, *FIGURES}
    figures = json.loads((copied.applied / f"{copied.protocol}.test.evaluation.json").read_text())
    assert "seen_in_training" not in figures
