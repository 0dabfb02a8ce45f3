"""`--group`: recordings of one place, or another group, are in one subset."""

import subprocess
import sys
from itertools import combinations

import numpy as np
import pytest
import soundfile
from places import SCRIPTS

from pyannote.audio.core.errors import DataError, UsageError
from pyannote.audio.database.corpora.groups import groups_of
from pyannote.audio.database.corpora.held_out_recordings import hold_out_group
from pyannote.audio.database.corpora.own_data import make_database

PLACES = ("bridge", "park", "quay", "roof", "station")
PATTERN = "(?P<group>[^-]+)-.*"


@pytest.fixture
def audio(tmp_path):
    """Three recordings of each place."""
    folder = tmp_path / "audio"
    folder.mkdir()
    for place in PLACES:
        for day in (1, 2, 3):
            soundfile.write(folder / f"{place}-{day}.wav", np.zeros(8000), 8000)
    return folder


def table(audio, column="Recording place", place=lambda path: path.stem.partition("-")[0]):
    path = audio.parent / "events.csv"
    rows = [f"{one.name},0.2,0.8,car,{place(one)}" for one in sorted(audio.iterdir())]
    path.write_text("\n".join([f"file,onset,offset,label,{column}", *rows]))
    return path


def rttm(audio, name="events.rttm", chosen=lambda path: True):
    path = audio.parent / name
    path.parent.mkdir(exist_ok=True)
    lines = (
        f"SPEAKER {one.stem} 1 0.2 0.6 <NA> <NA> car <NA> <NA>\n" for one in audio.iterdir() if chosen(one)
    )
    path.write_text("".join(sorted(lines)))
    return path


def places_of(prepared):
    return {subset: {uri.partition("-")[0] for uri in uris} for subset, uris in prepared.subsets.items()}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("form", ["column", "pattern"])
def test_no_group_is_divided(audio, tmp_path, form, seed):
    annotation, group = (table(audio), "recording_place") if form == "column" else (rttm(audio), PATTERN)
    prepared = make_database(audio, annotation, tmp_path / "out", seed=seed, group=group)
    places = places_of(prepared)
    assert {subset: len(own) for subset, own in places.items()} == {"train": 3, "development": 1, "test": 1}
    assert not any(one & other for one, other in combinations(places.values(), 2))
    assert sum(map(len, prepared.subsets.values())) == 15
    assert not prepared.remarks


def test_without_groups_places_are_divided(audio, tmp_path):
    """What the option changes: the same data with the same seed have places on both sides otherwise."""
    places = places_of(make_database(audio, table(audio), tmp_path / "out"))
    assert places["train"] & places["test"]


def test_groups_are_folders(audio, tmp_path):
    for path in sorted(audio.iterdir()):
        place, _, day = path.name.partition("-")
        (audio / place).mkdir(exist_ok=True)
        path.rename(audio / place / f"{place}{day}")
    annotation = tmp_path / "events.csv"
    names = [path.name for path in sorted(audio.rglob("*.wav"))]
    annotation.write_text("".join(f"{name},0.2,0.8,car\n" for name in names))
    prepared = make_database(audio, annotation, tmp_path / "out", group="(?P<group>.*)/.*")
    assert {uri: uri[:-1] for uris in prepared.subsets.values() for uri in uris} == prepared.groups


def test_a_new_recording_joins_its_group(audio, tmp_path):
    before = make_database(audio, rttm(audio), tmp_path / "out", group=PATTERN)
    tested = before.subsets["test"][0].partition("-")[0]
    for number in range(4, 9):
        soundfile.write(audio / f"{tested}-{number}.wav", np.zeros(8000), 8000)
    again = make_database(audio, rttm(audio), tmp_path / "out", group=PATTERN)
    assert places_of(again) == places_of(before)
    assert len(again.subsets["test"]) == 8


@pytest.mark.parametrize("source", ["lists", "folders", "subsets"])
def test_given_subsets_that_divide_a_group_are_refused(audio, tmp_path, source):
    annotation = rttm(audio)
    if source == "lists":
        make_database(audio, annotation, tmp_path / "out")
    elif source == "folders":
        for path in sorted(audio.iterdir()):
            folder = audio / ("test" if "-3" in path.name else "train")
            folder.mkdir(exist_ok=True)
            path.rename(folder / path.name)
    else:
        for subset, days in (("train", "12"), ("test", "3")):
            name = f"subsets/{subset}.rttm"
            annotation = rttm(audio, name, lambda path, days=days: path.stem[-1] in days).parent
    pattern = "(.*/)?" + PATTERN
    with pytest.raises(DataError, match=r"The group 'bridge' is in .* \('.*bridge-\d'\) and in ") as caught:
        make_database(audio, annotation, tmp_path / "out", group=pattern)
    assert "--redraw" in caught.value.fix
    if source != "subsets":
        drawn = make_database(audio, annotation, tmp_path / "out", group=pattern, redraw=True)
        assert len(drawn.subsets) == 3


@pytest.mark.parametrize(
    ("group", "error", "message"),
    [
        ("place", DataError, "There is no column 'place'; found are 'file', 'onset'"),
        ("(?P<group>bridge).*", DataError, "does not match 'park-1.wav'"),
        ("(?P<group>x*).*", DataError, "does not match 'bridge-1.wav'"),
        ("(?P<group>.", UsageError, r"not a regular expression .* Correct --group"),
        ("(?P<place>[^-]+).*", UsageError, "group"),
        ("(?P<group>).*|.*", DataError, "does not match"),
    ],
)
def test_a_wrong_group_is_a_sentence(audio, tmp_path, group, error, message):
    with pytest.raises(error, match=message) as caught:
        make_database(audio, table(audio), tmp_path / "out", group=group)
    assert caught.value.fix
    assert not (tmp_path / "out").exists()


def test_one_group_is_too_few(audio, tmp_path):
    with pytest.raises(DataError, match="1 group is too few for train, development and test"):
        make_database(audio, rttm(audio), tmp_path / "out", group=".*(?P<group>-).*")


def test_rows_that_contradict_each_other_name_the_line(audio, tmp_path):
    path = table(audio)
    path.write_text(path.read_text() + "\nbridge-1.wav,0.1,0.3,car,park")
    with pytest.raises(
        DataError, match=r"'bridge-1\.wav' is of the group 'park' here, and of 'bridge' before"
    ) as caught:
        make_database(audio, path, tmp_path / "out", group="Recording place")
    assert caught.value.line == 17
    with pytest.raises(DataError, match=r"The group of 'bridge-1\.wav' is missing") as caught:
        make_database(audio, table(audio, place=lambda _: ""), tmp_path / "out", group="Recording place")
    assert caught.value.line == 2


def test_annotation_without_columns_asks_for_a_pattern(audio, tmp_path):
    with pytest.raises(DataError, match="read as rttm has no columns") as caught:
        make_database(audio, rttm(audio), tmp_path / "out", group="place")
    assert "(?P<group>" in caught.value.fix


def test_a_recording_without_a_row_has_no_group(audio, tmp_path):
    path = table(audio)
    path.write_text("\n".join(path.read_text().splitlines()[:-1]))
    with pytest.raises(DataError, match=r"No row of the annotation tells the group of 'station-3\.wav'"):
        make_database(audio, path, tmp_path / "out", group="Recording place", allow_empty=True)


def test_the_command_counts_groups(audio, tmp_path):
    command = [sys.executable, str(SCRIPTS / "make_database.py"), f"--group={PATTERN}"]
    done = subprocess.run([*command, audio, rttm(audio), tmp_path / "out"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    (row,) = [line.split() for line in done.stdout.splitlines() if line.split()[0] == "groups"]
    assert row == ["groups", "3", "1", "1"]


def test_channels_of_a_file_have_its_group(tmp_path):
    file = tmp_path / "bridge-1.wav"
    channels = {tmp_path / "bridge-1.wav#1": "bridge-1#1", tmp_path / "bridge-1.wav#2": "bridge-1#2"}
    assert groups_of(PATTERN, {file: file.name}, channels, None) == dict.fromkeys(channels.values(), "bridge")


@pytest.mark.parametrize("seed", range(5))
def test_the_group_held_out_leaves_the_most_classes(seed):
    """Brute force over all groups, counting classes without training and without development data."""
    rng = np.random.default_rng(seed)
    names = [f"f{i}" for i in range(12)]
    durations = {name: {c: 1.0 for c in "abcdef" if rng.random() < 0.2} for name in names}
    groups = [names[start::4] for start in range(4)]
    remaining, held_out = hold_out_group(durations, groups)

    def cost(group):
        inside = {c for name in group for c in durations[name]}
        outside = {c for name in names if name not in group for c in durations[name]}
        return len((inside | outside) - outside), len((inside | outside) - inside)

    assert held_out == min(groups, key=cost)
    assert sorted(remaining + held_out) == sorted(names)
    assert hold_out_group(durations, [names, []]) is None
