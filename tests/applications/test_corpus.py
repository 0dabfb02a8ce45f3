"""Recordings of a protocol and their features, beside what pyannote.database and the features give."""

import numpy as np
import pytest
from commands import changed, known_database

from pyannote.audio.applications.checking.fit import check_task
from pyannote.audio.applications.corpus import Corpus, applied_batches, inputs_of, training_batches
from pyannote.audio.config.recipe import Recipe
from pyannote.audio.config.schema import load_config
from pyannote.audio.core.errors import ConfigError, DataError, OutOfMemoryError
from pyannote.audio.core.findings import raise_first
from pyannote.audio.core.outputs import Output
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.database.checks.subsets import Subset

FOLD = "TUT2017.SpeakerDiarization.Fold1"


@pytest.fixture
def corpus(data, tmp_path, config_text):
    """A corpus in a cache of its own."""
    with known_database(data / "database" / "database.yml", tmp_path / "cache"):

        def make(*changes, extra=""):
            (tmp_path / "config.yml").write_text(changed(config_text, *changes) + extra)
            return Corpus(Recipe(load_config(tmp_path / "config.yml")))

        yield make


def listed(data, subset):
    return (data / "database" / "lists" / f"Fold1.{subset}.lst").read_text().split()


@pytest.mark.parametrize("subset", ["train", "development", "test"])
def test_recordings_are_those_of_the_list_in_its_order(subset, corpus, data):
    assert [file["uri"] for file in corpus().recordings(FOLD, subset)] == listed(data, subset)


def test_files_that_cannot_be_read_are_told_from_the_others(corpus, data):
    files, unusable = corpus().training_files(FOLD, "train")
    assert [file["uri"] for file in files] == listed(data, "train") and unusable == []


def test_stored_features_are_those_that_are_computed(corpus):
    made = corpus()
    files = made.recordings(FOLD, "train")[:2]
    made.prepare_features(files)
    for file in files:
        expected = made.features(file)
        assert expected.shape == (len(expected), 40) and len(expected) > 400
        assert np.array_equal(made.store.read(file), expected)


def test_inputs_are_what_the_specifications_name(corpus):
    made = corpus()
    (file,) = made.recordings(FOLD, "train")[:1]
    made.prepare_features([file])
    step = made.recipe.extraction.sliding_window.step
    for inputs in ({"X": 40}, {"X": 40, "long_term": 40}):
        found = made.inputs(
            file, Specifications("Dcase", inputs, ("car",), 2.0, step, 44100, Output("frames"))
        )
        assert found.keys() == inputs.keys()
        assert np.array_equal(found["X"], made.features(file))
    # LogAvgMel of the task: the average over time
    assert found["long_term"].shape == (40,)
    assert np.isfinite(found["long_term"]).all()
    specifications = Specifications("Dcase", inputs, ("car",), 2.0, step, 44100, Output("frames"))
    again = inputs_of(made.store, file, specifications)
    assert np.array_equal(again["long_term"], found["long_term"])


def test_a_pack_holds_the_features_of_all_files(corpus):
    made = corpus()
    files = made.recordings(FOLD, "train")
    made.pack(files)
    assert made.store.unreadable(files, progress=None) == {}
    data, offsets = made.store.concatenate(files)
    assert len(offsets) == len(files) + 1 and offsets[-1] == len(data)
    for file, start, end in zip(files, offsets, offsets[1:], strict=False):
        assert np.array_equal(data[start:end], made.store.read(file))


def test_excerpts_are_ranges_of_frames_of_each_recording(corpus):
    made = corpus()
    files = made.recordings(FOLD, "train")[:2]
    step = made.recipe.extraction.sliding_window.step
    chosen = [(files[1], [(0.0, 1.0), (9.0, 60.0)]), (files[0], [(1.0, 1.0)]), (files[1], [(2.0, 3.0)])]
    found = made.excerpts(chosen)
    assert [one.uri for one in found] == [files[1]["uri"], files[0]["uri"], files[1]["uri"]]
    frames = len(made.features(files[1]))
    assert found[0].ranges == [(0, round(1 / step)), (round(9 / step), frames)]
    assert found[1].ranges == [(round(1 / step), round(1 / step) + 1)]
    assert np.array_equal(found[2].features, made.store.read(files[1]))
    # the content of a recording tells it from others
    assert found[0].content == found[2].content != found[1].content


def test_versions_of_training_files_follow_from_the_augmentations(corpus):
    files = corpus().recordings(FOLD, "train")
    assert corpus().augmented(files) == files
    speeds = "data_augmentation:\n   name: SpeedPerturbation\n   params: {speeds: [0.9]}\n"
    assert len(corpus(extra=speeds).augmented(files)) == 2 * len(files)


def test_sounds_have_a_digest_where_augmentations_take_any(corpus):
    made = corpus()
    files = made.recordings(FOLD, "train")
    assert made.sounds_digest(files) is None
    gaps = corpus(extra="data_augmentation:\n   name: AddNoiseFromGaps\n")
    first, second = (gaps.sounds_digest(chosen) for chosen in (files, files[:1]))
    assert first != second and first == gaps.sounds_digest(files)


def test_errors_name_the_line_of_the_part_that_they_are_about(corpus, tmp_path):
    made = corpus(("people_walking]", "people_walking, dragon]"))
    files = made.recordings(FOLD, "train")
    with pytest.raises(DataError, match="labels_spec names 'dragon'") as caught:
        raise_first(check_task(made, files, Subset("train", files=files)))
    text = (tmp_path / "config.yml").read_text().splitlines()
    assert caught.value.file == tmp_path / "config.yml"
    assert "dragon" in text[caught.value.line - 1]
    narrow = corpus(("n_mels: 40", "n_mels: 400"))
    with pytest.raises(ConfigError, match="mel bands are narrower") as caught:
        narrow.prepare_features(narrow.recordings(FOLD, "train"))
    features = text.index("feature_extraction:") + 1
    assert caught.value.file == tmp_path / "config.yml"
    assert features < caught.value.line <= features + 3


def test_exhausted_memory_names_what_sets_the_size_of_batches(corpus):
    made = corpus()
    with pytest.raises(OutOfMemoryError) as caught, training_batches(made.recipe):
        raise MemoryError
    assert "batch_size" in caught.value.fix and "--from=last" in caught.value.fix
    text = made.recipe.config.document.file.read_text().splitlines()
    assert text[caught.value.line - 1].strip() == "batch_size: 32"
    with pytest.raises(OutOfMemoryError, match="--batch=7") as caught, applied_batches(7):
        raise MemoryError
    assert "smaller --batch" in caught.value.fix
