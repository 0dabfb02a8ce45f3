"""Recordings that are one channel of their audio, by their names or by `channel:` in database.yml."""

import numpy as np
import pyannote.database
import pytest
import soundfile
from pyannote.database.registry import Registry

from pyannote.audio.core.errors import AudioError, DataError
from pyannote.audio.database.checks.annotation import check_annotation
from pyannote.audio.database.checks.reader import Reader
from pyannote.audio.database.known_protocols import load_database
from pyannote.audio.database.protocols import readable_recordings, recording_of, recordings
from pyannote.audio.features.raw_audio import RawAudio
from pyannote.audio.io.channel_names import split_channel
from pyannote.audio.io.waveform import Recording, info, read
from pyannote.audio.store.content_key import content_key, content_of, state_of
from pyannote.audio.store.feature_store import FeatureStore

CONFIG = """\
Databases:
  Calls: {folder}/audio/{{uri}}.wav
Protocols:
  Calls:
    SpeakerDiarization:
      All:
        scope: file
        {of_protocol}
        test: {{uri: test.lst, annotation: test.rttm, annotated: test.uem{of_subset}}}
  X:
    SpeakerDiarization:
      Meta:
        test: {{Calls.SpeakerDiarization.All: [test]}}
"""
NAME = "Calls.SpeakerDiarization.All"
RATE = 8000
LEFT = np.random.default_rng(1).uniform(-0.5, 0.5, 4 * RATE).astype(np.float32)
RIGHT = np.random.default_rng(2).uniform(-0.5, 0.5, 4 * RATE).astype(np.float32)
RTTM = [
    "SPEAKER call 1 0.500 1.000 <NA> <NA> ann <NA> <NA>",
    "SPEAKER call 2 1.000 2.000 <NA> <NA> bob <NA> <NA>",
    "SPEAKER call 2 3.000 0.500 <NA> <NA> bob <NA> <NA>",
]
UEM = ["call 1 0.000 4.000", "call 2 0.500 4.000"]


class Data:
    def __init__(self, folder, monkeypatch):
        self.folder, self.monkeypatch = folder, monkeypatch
        (folder / "audio").mkdir()
        self.wav("call", LEFT, RIGHT)
        self.wav("mono", LEFT)
        self.write("test.rttm", RTTM)
        self.write("test.uem", UEM)
        self.configure()
        self.list("call")

    def wav(self, uri, *channels):
        path = self.folder / "audio" / f"{uri}.wav"
        soundfile.write(path, np.stack(channels, axis=1), RATE, subtype="FLOAT")
        return path

    def write(self, name, lines):
        (self.folder / name).write_text("".join(f"{line}\n" for line in lines))

    def list(self, *uris):
        self.write("test.lst", uris)

    def configure(self, of_protocol="", of_subset=""):
        text = CONFIG.format(folder=self.folder, of_protocol=of_protocol, of_subset=of_subset)
        (self.folder / "database.yml").write_text(text)

    def load(self):
        self.monkeypatch.setattr(pyannote.database, "registry", Registry())
        load_database(str(self.folder / "database.yml"))

    def read(self, name=NAME, **arguments):
        self.load()
        return recordings(name, "test", **arguments)

    def findings(self):
        self.load()
        reader = Reader(NAME)
        return [*reader.findings, *check_annotation(reader.subsets()), *reader.findings]


@pytest.fixture
def data(tmp_path, monkeypatch):
    return Data(tmp_path, monkeypatch)


def samples(file):
    return Recording(file).read()


BOB = [(1.0, 3.0, "bob"), (3.0, 3.5, "bob")]


def test_a_name_with_a_number_is_one_channel_and_its_lines(data):
    data.list("call#1", "call#2")
    one, two = data.read()
    np.testing.assert_array_equal(samples(one), LEFT)
    np.testing.assert_array_equal(samples(two), RIGHT)
    assert (one["uri"], one["events"], one["regions"]) == ("call#1", [(0.5, 1.5, "ann")], [(0.0, 4.0)])
    assert (two["uri"], two["events"], two["regions"]) == ("call#2", BOB, [(0.5, 4.0)])
    assert two["header"].channels == 1 and two["duration"] == 4.0
    assert [finding.kind for finding in data.findings()] == []


def test_the_mean_of_all_channels_has_all_lines_which_is_told(data):
    (file,) = data.read()
    np.testing.assert_allclose(samples(file), (LEFT + RIGHT) / 2, atol=1e-7)
    assert len(file["events"]) == 3
    (merged,) = [finding for finding in data.findings() if finding.kind == "merged"]
    assert (merged.file, merged.line) == (data.folder / "test.rttm", 2) and not merged.code
    assert "channels (1, 2)" in merged.message and "call#1" in merged.fix


def test_lines_of_one_channel_are_not_said_to_be_merged(data):
    data.write("test.rttm", [line.replace("call 2", "call 1") for line in RTTM])
    data.write("test.uem", UEM[:1])
    assert not [finding for finding in data.findings() if finding.kind == "merged"]


def test_lines_that_are_called_after_the_channel_come_first(data):
    data.list("call#2")
    data.write("test.rttm", [*RTTM, "SPEAKER call#2 1 0.750 0.500 <NA> <NA> eve <NA> <NA>"])
    (file,) = data.read()
    assert file["events"] == [(0.75, 1.25, "eve")]


@pytest.mark.parametrize("place", ["of_protocol", "of_subset"])
def test_a_key_of_a_protocol_or_subset_names_the_channel(data, place):
    data.configure(**{place: {"of_protocol": "channel: 2", "of_subset": ", channel: 2"}[place]})
    (file,) = data.read()
    np.testing.assert_array_equal(samples(file), RIGHT)
    assert (file["uri"], file["events"], file["regions"]) == ("call", BOB, [(0.5, 4.0)])
    assert not [finding for finding in data.findings() if finding.kind in ("merged", "overlap", "unlisted")]


def test_the_key_of_a_subset_comes_before_that_of_its_protocol(data):
    data.configure("channel: 2", ", channel: 1")
    np.testing.assert_array_equal(samples(data.read()[0]), LEFT)


@pytest.mark.parametrize("place", ["of_protocol", "of_subset"])
def test_a_key_holds_in_protocols_that_are_made_of_others(data, place):
    data.configure(**{place: {"of_protocol": "channel: 2", "of_subset": ", channel: 2"}[place]})
    (file,) = data.read("X.SpeakerDiarization.Meta")
    np.testing.assert_array_equal(samples(file), RIGHT)
    assert file["events"] == BOB


def test_a_protocol_that_is_made_of_others_has_no_key_of_its_own(data):
    path = data.folder / "database.yml"
    path.write_text(path.read_text().replace("Meta:\n", "Meta:\n        channel: 2\n"))
    with pytest.raises(DataError, match="'Meta' has the key `channel:`"):
        data.load()


def test_with_the_key_lines_that_all_say_1_belong_to_the_recording(data):
    data.configure("channel: 2")
    data.write("test.rttm", [line.replace("call 2", "call 1") for line in RTTM])
    data.write("test.uem", UEM[:1])
    (file,) = data.read()
    assert len(file["events"]) == 3 and file["regions"] == [(0.0, 4.0)]


def test_no_warning_of_a_key_that_is_known(data, recwarn):
    data.configure("channel: 2")
    data.read()
    assert not [warning for warning in recwarn if "channel" in str(warning.message)]


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "true"])
def test_values_of_the_key_that_make_no_sense(data, value):
    data.configure(f"channel: {value}")
    with pytest.raises(DataError, match=r"`channel:` is .* in database.yml. Name one channel"):
        data.read()
    with pytest.raises(DataError, match="`channel:` is"):
        data.findings()


def test_name_and_key_must_not_contradict_each_other(data):
    data.configure("channel: 2")
    data.list("call#1")
    with pytest.raises(AudioError, match="'call#1' is channel 1 by its name, and 2 by `channel:`"):
        data.read()
    data.list("call#2")
    np.testing.assert_array_equal(samples(data.read()[0]), RIGHT)


@pytest.mark.parametrize(("uri", "said"), [("call#3", "has 2 channels"), ("mono#2", "has 1 channel,")])
def test_a_channel_that_the_file_lacks_is_refused_with_their_number(data, uri, said):
    data.list(uri)
    data.write("test.rttm", [])
    data.write("test.uem", [])
    data.load()
    data.write("test.uem", [f"{uri} 1 0 1"])
    data.load()
    (unusable,) = readable_recordings(NAME, "test").unusable
    name, _, number = uri.partition("#")
    assert f"There is no channel {number}: {name}.wav {said}" in str(unusable.reason)


def test_channels_are_counted_from_1(data):
    with pytest.raises(AudioError, match=r"There is no channel 0: call\.wav has 2 channels, counted from 1"):
        info(f"{data.folder}/audio/call.wav#0")


def test_a_file_of_that_name_has_precedence(data):
    own = data.wav("call#2", LEFT[:RATE])
    data.list("call#2")
    data.write("test.uem", ["call#2 1 0 1"])
    data.write("test.rttm", [])
    (file,) = data.read()
    assert file["audio"] == own and file["duration"] == 1.0
    np.testing.assert_array_equal(samples(file), LEFT[:RATE])
    np.testing.assert_array_equal(read(f"{own}#1"), LEFT[:RATE])


def test_a_file_that_would_be_taken_for_a_channel_is_refused(data):
    (data.folder / "audio" / "call.wav#2").write_bytes((data.folder / "audio" / "mono.wav").read_bytes())
    assert split_channel(data.folder / "audio" / "call.wav#2")[1] is None
    data.configure("channel: 2")
    with pytest.raises(AudioError, match="A file of this name exists"):
        data.read()


def test_a_template_of_the_configuration_is_filled_in_without_the_channel(data):
    data.list("call#2")
    templates = {"audio": f"{data.folder}/audio/{{uri}}.wav"}
    np.testing.assert_array_equal(samples(data.read(templates=templates)[0]), RIGHT)


def test_a_missing_file_is_named(data):
    data.list("other#2")
    data.write("test.uem", ["other#2 1 0 1"])
    with pytest.raises(AudioError, match="No single audio file was found for other#2"):
        data.read()


def test_annotation_of_a_channel_that_no_list_names_is_told(data):
    data.list("call#1")
    told = [finding for finding in data.findings() if finding.kind == "unlisted"]
    assert [(finding.file.name, finding.line) for finding in told] == [("test.rttm", 2), ("test.uem", 2)]


def test_one_label_in_two_channels_does_not_overlap(data):
    data.write("test.rttm", [line.replace("ann", "bob") for line in RTTM])
    data.list("call#1", "call#2")
    assert not [finding for finding in data.findings() if finding.kind == "overlap"]
    data.list("call")
    assert [finding for finding in data.findings() if finding.kind == "overlap"]


def test_features_and_keys_depend_on_the_channel(data, tmp_path):
    path = data.folder / "audio" / "call.wav"
    names = [path, f"{path}#1", f"{path}#2"]
    for key in (content_of, content_key, state_of):
        assert len({key(name) for name in names}) == 3
    store = FeatureStore(RawAudio(RATE), tmp_path / "cache")
    for name, expected in zip(names, ((LEFT + RIGHT) / 2, LEFT, RIGHT), strict=True):
        for _ in range(2):
            np.testing.assert_allclose(store.read({"uri": "a", "audio": name})[:, 0], expected, atol=1e-7)
    # a copy elsewhere has the same content
    (tmp_path / "copy.wav").write_bytes(path.read_bytes())
    assert content_of(f"{tmp_path}/copy.wav#2") == content_of(names[2])


def test_a_plain_file_is_called_after_its_channel(data):
    file = recording_of(data.folder / "audio" / "call.wav#2")
    assert file["uri"] == "call#2" and file["duration"] == 4.0
    np.testing.assert_array_equal(samples(file), RIGHT)


@pytest.mark.parametrize(
    ("form", "subtype"),
    [("wav", "PCM_16"), ("wav", "PCM_24"), ("flac", "PCM_16"), ("ogg", "VORBIS"), ("mp3", "MPEG_LAYER_III")],
)
@pytest.mark.parametrize("rate", [None, 16000])
def test_each_format_gives_the_channel_that_soundfile_gives(tmp_path, form, subtype, rate):
    path = tmp_path / f"a.{form}"
    soundfile.write(path, np.stack([LEFT, RIGHT], axis=1), 16000, subtype=subtype)
    expected, _ = soundfile.read(path, dtype="float32")
    np.testing.assert_allclose(read(f"{path}#2", rate), expected[:, 1], atol=1e-6)
    np.testing.assert_allclose(read(f"{path}#1", rate, 300, 900), expected[300:900, 0], atol=1e-6)
