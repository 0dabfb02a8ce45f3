"""A database.yml must say what equal labels mean where they are speakers, and only there."""

import shutil

import pytest
import soundfile
import yaml
from commands import known_database

from pyannote.audio.core.errors import DataError
from pyannote.audio.database.protocols import recordings
from pyannote.audio.database.scopes import check_scopes

SPEAKERS, FILES = 4, 8
TEXT = """\
Databases:
  Talks: "{folder}/{{uri}}.wav"
Protocols:
  Talks:
    SpeakerDiarization:
      One:
        train:
          uri: train.lst
          annotation: train.rttm
    SpeakerVerification:
      One:
        # the scope stands after the subsets
        train:
          uri: train.lst
          annotation: train.rttm
        scope: {scope}
      Bare:
        test:
          uri: train.lst
  X:
    SpeakerDiarization:
      Both:
        train:
          Talks.SpeakerDiarization.One: [train]
          Talks.SpeakerVerification.One: [train]
"""
DIARIZATION, VERIFICATION = "Talks.SpeakerDiarization.One", "Talks.SpeakerVerification.One"
META = "X.SpeakerDiarization.Both"


@pytest.fixture
def talks(tmp_path, data):
    """Eight files of four speakers."""
    uris = [f"talk{index}" for index in range(FILES)]
    for uri in uris:
        soundfile.write(tmp_path / f"{uri}.wav", [0.1, -0.1] * 800, 1600)
    (tmp_path / "train.lst").write_text("".join(f"{uri}\n" for uri in uris))
    (tmp_path / "train.rttm").write_text(
        "".join(
            f"SPEAKER {uri} 1 0 1 <NA> <NA> voice{index % SPEAKERS} <NA> <NA>\n"
            for index, uri in enumerate(uris)
        )
    )

    def load(scope="database"):
        path = tmp_path / "database.yml"
        path.write_text(TEXT.format(folder=tmp_path, scope=scope))
        return known_database(path, tmp_path / "cache")

    return load


def heard(name, **options):
    return {label for file in recordings(name, "train", **options) for *_, label in file["events"]}


def test_labels_that_are_sounds_need_no_scope(talks):
    with talks():
        assert len(heard(DIARIZATION)) == SPEAKERS


@pytest.mark.parametrize("name", [DIARIZATION, META])
def test_speakers_without_a_scope_are_refused_with_the_line_to_add(name, talks, tmp_path):
    with talks(), pytest.raises(DataError) as caught:
        recordings(name, "train", speakers=True)
    error = caught.value
    assert (error.file, error.line) == (tmp_path / "database.yml", 6)
    assert f"The protocol {DIARIZATION} does not say" in error.message
    assert error.fix.startswith("Add `scope: database` below this line")


@pytest.mark.parametrize(("scope", "count"), [("database", SPEAKERS), ("global", SPEAKERS), ("file", FILES)])
def test_the_scope_that_is_said_counts(scope, count, talks):
    with talks(scope):
        assert len(heard(VERIFICATION, speakers=True)) == count
        found = [(one.level, one.line) for one in check_scopes(VERIFICATION)]
    assert found == ([("warning", 16)] if scope == "file" else [])


def test_a_scope_that_does_not_exist_is_refused(talks):
    with talks("speaker"), pytest.raises(DataError) as caught:
        recordings(VERIFICATION, "train", speakers=True)
    assert caught.value.line == 16 and "'speaker' is no scope" in caught.value.message


def test_a_protocol_without_annotation_needs_no_scope(talks):
    with talks():
        assert list(check_scopes("Talks.SpeakerVerification.Bare")) == []


def test_all_commands_of_emb_refuse_and_those_of_dcase_do_not_mention_it(
    tested_block, trained_of, here, tmp_path
):
    for name in ("emb", "dcase"):
        block, folders = tested_block(name), trained_of(name)._replace(root=tmp_path / f"trained_{name}")
        shutil.copytree(trained_of(name).root, folders.root)
        copy = block.recordings.copy(tmp_path / name)
        content = yaml.safe_load(copy.database.read_text())
        for tasks in content["Protocols"].values():
            for protocols in tasks.values():
                for entries in protocols.values():
                    entries.pop("scope", None)
        copy.database.write_text(yaml.safe_dump(content, sort_keys=False))
        new = block.new(tmp_path / f"new_{name}")
        checked = here(
            "check", "--cpu", "--quick", new.root, block.protocol, database=copy.config, cache=copy.cache
        )
        done = [
            block.train(new, "--to=1", recordings=copy),
            block.validate(folders, recordings=copy),
            block.apply(folders, recordings=copy),
        ]
        if name == "emb":
            (sentence,) = {result.err for result in done}
            assert {result.code for result in (checked, *done)} == {4}
            lines = copy.database.read_text().splitlines()
            line = 1 + lines.index("      VoxCeleb1:", lines.index("    SpeakerVerification:"))
            assert sentence.startswith(f"Error: {copy.database}, line {line}: The protocol {block.protocol}")
            assert "Add `scope: database` below this line" in checked.out.replace("\n  ", " ")
        else:
            assert [result.code for result in (checked, *done)] == [0, 0, 0, 0]
            assert not any("scope" in f"{result.out}{result.err}" for result in (checked, *done))


ALIASES = """\
Databases: {{Other: "{folder}/audio/{{uri}}.wav"}}
Base: &base
  scope: {scope}
Protocols:
  Other:
    SpeakerDiarization:
      Merged:
        <<: *base
        train: &train {{uri: train.lst, annotation: train.rttm}}
        development: *train
      Bare:
        train: *train
"""


@pytest.mark.parametrize(("scope", "found"), [("database", []), ("file", ["warning"]), ("x", ["error"])])
def test_aliases_are_followed(scope, found, tmp_path):
    """pyannote.database reads them, in files of users as in those of its own tutorials."""
    path = tmp_path / "database.yml"
    path.write_text(ALIASES.format(folder=tmp_path, scope=scope))
    (tmp_path / "train.lst").write_text("a\n")
    with known_database(path, tmp_path / "cache"):
        merged = list(check_scopes("Other.SpeakerDiarization.Merged"))
        bare = list(check_scopes("Other.SpeakerDiarization.Bare"))
    assert [(one.level, one.line) for one in merged] == [(level, 3) for level in found]
    assert [(one.level, one.line) for one in bare] == [("error", 11)]
