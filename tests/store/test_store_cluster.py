"""Features computed by workers of a cluster, one of which is killed meanwhile."""

import sys
from pathlib import Path

import cloudpickle
import numpy as np
import pytest
import soundfile

from pyannote.audio.features.librosa_mel_spectrogram import LibrosaMelSpectrogram
from pyannote.audio.store.feature_store import FeatureStore

pytest.importorskip("distributed")
# workers cannot import this file
cloudpickle.register_pickle_by_value(sys.modules[__name__])


class Noting(LibrosaMelSpectrogram):
    """Notes each recording that is opened."""

    def __init__(self, notes=""):
        super().__init__(n_mels=8)
        self.notes = notes

    def open(self, file):
        with Path(self.notes).open("a") as stream:
            stream.write(f"{file['uri']}\n")
        return super().open(file)


@pytest.mark.slow
def test_a_worker_that_is_killed_costs_its_file_alone(tmp_path, dying_cluster):
    files = []
    for index in range(12):
        path = tmp_path / f"{index}.wav"
        samples = np.random.default_rng(index).uniform(-0.5, 0.5, 16000 + 100 * index)
        soundfile.write(path, samples, 16000)
        files.append({"uri": str(index), "database": "Test", "audio": path})
    notes = tmp_path / "notes"
    # each file that is stored is synced twice, with its folder: one is killed within its second file
    with dying_cluster(last=3) as scheduler:
        store = FeatureStore(Noting(str(notes)), tmp_path / "cache", scheduler=scheduler)
        store.prepare(files)
    opened = notes.read_text().split()
    assert sorted(set(opened), key=int) == [file["uri"] for file in files]
    assert len(opened) == len(files) + 1
    left = [path.name for path in store.folder.rglob("*") if path.suffix != ".npy"]
    assert sorted(name.partition("-")[0] for name in left) == ["index", "parameters.json"]
    assert len(list(store.folder.glob("*.npy"))) == len(files)
    pack = FeatureStore(Noting(str(notes)), tmp_path / "cache").pack(files)
    expected = [LibrosaMelSpectrogram(n_mels=8)(file).data for file in files]
    np.testing.assert_array_equal(pack.data, np.concatenate(expected))
    assert len(notes.read_text().split()) == len(opened)


@pytest.mark.slow
def test_what_workers_cannot_read_is_told(tmp_path):
    import distributed

    files = [
        {"uri": str(index), "database": "Test", "audio": tmp_path / f"{index}.wav"} for index in range(4)
    ]
    for index, file in enumerate(files):
        samples = np.full(16000, np.nan if index in (1, 2) else 0.1 * index)
        soundfile.write(file["audio"], samples, 16000, subtype="FLOAT")
    options = {"threads_per_worker": 1, "dashboard_address": None, "silence_logs": 50}
    with distributed.LocalCluster(n_workers=1, **options) as cluster:
        store = FeatureStore(LibrosaMelSpectrogram(), tmp_path / "cache", scheduler=cluster.scheduler_address)
        found = store.unreadable(files)
    assert {place: error.file for place, error in found.items()} == {
        place: files[place]["audio"] for place in (1, 2)
    }
    assert len(list(store.folder.glob("*.npy"))) == 2
