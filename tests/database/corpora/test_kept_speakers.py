"""Speakers keep their subsets when more of them are prepared into the same folder."""

import numpy as np
import soundfile

from pyannote.audio.database.corpora.speakers import prepare


def write_speakers(folder, names):
    for name in names:
        for session in "12":
            path = folder / name / session / "a.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(path, np.zeros(800), 8000)


def speakers_of(output):
    found = {}
    for subset in ("train", "development", "test"):
        uris = (output / "lists" / f"Protocol.{subset}.lst").read_text().split()
        found[subset] = {uri.split("/")[0] for uri in uris}
    return found


def test_speakers_stay_where_they_are(tmp_path):
    """Ten speakers, then thirty: two of ten are in test, then six of thirty, the first two among them."""
    write_speakers(tmp_path / "audio", [f"s{number:02d}" for number in range(10)])
    prepare(tmp_path / "audio", tmp_path / "out", trials=20)
    first = speakers_of(tmp_path / "out")
    write_speakers(tmp_path / "audio", [f"a{number:02d}" for number in range(20)])
    prepare(tmp_path / "audio", tmp_path / "out", trials=20, seed=7)
    second = speakers_of(tmp_path / "out")
    assert all(first[subset] <= second[subset] for subset in first)
    assert [len(second[subset]) for subset in ("train", "development", "test")] == [19, 5, 6]
    assert not any(
        second[one] & second[other] for one, other in (("train", "test"), ("train", "development"))
    )
    prepare(tmp_path / "audio", tmp_path / "out", trials=20, seed=7, redraw=True)
    assert not all(first[subset] <= speakers_of(tmp_path / "out")[subset] for subset in first)
