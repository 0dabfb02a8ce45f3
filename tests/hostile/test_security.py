"""Payloads in every place that is read: none is run, and each is answered with a sentence."""

import hashlib
import io
import json
import os
import pickle
import shutil
import signal

import numpy as np
import pytest
import torch
import yaml
from payloads import PAYLOADS, PICKLED, TAG, Evil, objects, pickles, saved

pytestmark = pytest.mark.usefixtures("environment")


class Box:
    """Folders to be poisoned, and commands to run on them."""

    def __init__(self, canary, detection, embedding, here, emb, corpora):
        self.canary = canary
        self.detection = detection
        self.embedding = embedding
        self.evil = Evil(os.system, f"touch {canary}")
        self._here, self._emb, self.corpora = here, emb, corpora
        self.root = canary.parent

    def forge(self, path, content):
        """Put something in the place of a file of an epoch, with a manifest that says that it is right."""
        path.write_bytes(content)
        epoch = path.name.partition(".")[0]
        manifest = path.with_name(f"{epoch}.json")
        digests = json.loads(manifest.read_text())
        digests["sha256"][path.name] = hashlib.sha256(content).hexdigest()
        manifest.write_text(json.dumps(digests))

    def dcase(self, command, *options, protocol=None):
        folders = self.detection
        folder = {"train": folders.root, "validate": folders.train, "apply": folders.validate}[command]
        return self._here("dcase", command, "--cpu", *options, folder, protocol or folders.protocol)

    def emb(self, command, *options):
        folders = self.embedding
        folder = {"train": folders.root, "validate": folders.train, "apply": folders.validate}[command]
        return self._emb(command, "--cpu", *options, folder, folders.protocol)

    def compare(self, *options):
        wav = self.corpora.wav("test", "id10270/first/00001")
        return self._emb("compare", "--cpu", *options, self.embedding.validate, wav, wav)

    def fresh(self, *options, cache="cache", change=lambda text: text):
        """A training from the beginning, with another configuration if need be."""
        root = self.root / "fresh"
        root.mkdir(exist_ok=True)
        (root / "config.yml").write_text(change(self.detection.config.read_text()))
        arguments = ("dcase", "train", "--cpu", "--to=1", *options, root, self.detection.protocol)
        return self._here(*arguments, cache=self.root / cache if cache != "cache" else None)


HARMLESS = {
    "objects in the store of features",
    "objects in the index of the store",
    "objects in scores of epochs",
    "curves that are a pickle",
}
"""Payloads in caches, which are computed anew, and in what nobody reads."""


REASONS = {
    "a zip that is compressed": "compressed",
    "a zip that says to hold 100 GB": "claims more bytes than",
    "a tensor that is larger than its file": "claims more bytes than",
    "a plain pickle in --pretrained": "not a zip file",
    "torch's old format in --pretrained": "not a zip file",
    "a template as wide as the memory": "no plain name",
    "a manifest of 100 MB": "manifest is damaged",
    "a manifest of 100,000 levels": "manifest is damaged",
    "a pipe in the place of weights": "missing",
    "an archive in the place of Precomputed features": "an archive",
}
"""What the sentence says of payloads that would be refused for another reason, but later."""


@pytest.fixture
def box(tmp_path, copied, embedded_copy_beside, here, emb, corpora, monkeypatch):
    # names of modules are looked for in the current folder, where there is one
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    box = Box(tmp_path / "canary", copied, embedded_copy_beside, here, emb, corpora)
    pickles(box.canary)
    return box


@pytest.fixture(autouse=True)
def alarm():
    """A command that hangs fails after two minutes."""

    def stop(number, frame):
        raise TimeoutError("this hangs")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(120)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def embedded_copy_beside(embedded, tmp_path):
    shutil.copytree(embedded.root, tmp_path / "embedded")
    return embedded._replace(root=tmp_path / "embedded")


@pytest.mark.parametrize("name", PAYLOADS)
def test_a_payload_is_answered_with_a_sentence(name, box):
    result = PAYLOADS[name](box)
    assert not box.canary.exists(), result
    assert not list(box.root.rglob("canary*"))
    assert "Traceback" not in result.err and "unexpected" not in result.err, result.err
    if name in HARMLESS:
        assert result.code in (0, 8)
    else:
        assert result.code in (2, 3, 4, 8), result
    assert REASONS.get(name, "") in result.err
    if result.code:
        errors = [line for line in result.err.splitlines() if line.startswith("Error: ")]
        assert len(errors) == 1 and len(errors[0]) < 1500, result.err


def test_the_number_of_payloads(promise):
    # each of them is a test, which fails if it is run
    assert len(PAYLOADS) >= 40
    promise(
        "Nothing that is read is run: not from a configuration, a checkpoint, an array, or a name.",
        "Plant payloads that would leave a file behind in configurations, checkpoints with forged digests, "
        "`--pretrained`, zip files, arrays, caches, YAML, JSON and command lines, and run the real commands.",
        f"0 of {len(PAYLOADS)} payloads run",
    )


def test_the_payloads_are_live(tmp_path):
    """Where they are let, they make the canary: what is not run above could be."""
    canary = tmp_path / "canary"
    for name, evil in pickles(canary).items():
        pickle.loads(pickle.dumps(evil))
        assert canary.exists(), name
        canary.unlink()
        torch.load(io.BytesIO(saved({"a": evil})), weights_only=False)
        assert canary.exists(), name
        canary.unlink()
    np.load(io.BytesIO(objects(pickles(canary)["os.system"])), allow_pickle=True)
    assert canary.exists()
    canary.unlink()
    yaml.unsafe_load(TAG.format(canary))
    assert canary.exists()
    assert pickles(canary).keys() == set(PICKLED)
