"""What would run, or fill the memory, if what is read were believed: see `tests/hostile/test_security.py`.

A payload that runs leaves a file behind, the canary.
"""

import importlib
import io
import json
import os
import pickle
import re
import runpy
import shutil
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import torch
import yaml


class Evil:
    """Runs something when it is unpickled."""

    def __init__(self, function, *arguments):
        self.reduced = function, arguments

    def __reduce__(self):
        return self.reduced


def saved(content):
    """What `torch.save` writes."""
    stream = io.BytesIO()
    torch.save(content, stream)
    return stream.getvalue()


def pickles(canary):
    """Objects that make the canary when they are unpickled."""
    source = canary.with_name("evil_module.py")
    source.write_text(f"from pathlib import Path\nPath({str(canary)!r}).touch()\n")
    return {
        "os.system": Evil(os.system, f"touch {canary}"),
        "subprocess": Evil(subprocess.check_call, ["touch", str(canary)]),
        "eval": Evil(eval, f"open({str(canary)!r}, 'w').close()"),
        "exec": Evil(exec, f"open({str(canary)!r}, 'w').close()"),
        "open": Evil(open, str(canary), "w"),
        "a method": Evil(Path.touch, canary),
        "shutil": Evil(shutil.copyfile, str(source), str(canary)),
        "torch.save": Evil(torch.save, 1, str(canary)),
        "numpy": Evil(np.savetxt, str(canary), np.zeros(1)),
        "bytes in torch": Evil(torch.storage._load_from_bytes, saved(Evil(os.system, f"touch {canary}"))),
        "runpy": Evil(runpy.run_path, str(source)),
        "a loader": Evil(importlib.machinery.SourceFileLoader("evil_module", str(source)).load_module),
    }


def objects(evil):
    """An array of objects, as npy."""
    stream = io.BytesIO()
    np.save(stream, np.array([evil], dtype=object), allow_pickle=True)
    return stream.getvalue()


PAYLOADS = {}


def payload(name):
    """A payload: plants something in a box, and gives what a command answers."""

    def keep(plant):
        PAYLOADS[name] = plant
        return plant

    return keep


# Classes in configurations

NAMES = [
    "os.system",
    "builtins.eval",
    "subprocess.Popen",
    "pyannote.audio.io.workers.pickle",
    "pyannote.audio.models.base.Model",
    "pyannote.audio.models._embedding.EmbeddingModel",
    "pyannote.audio.models.dcase.nn.Module",
    "pyannote.audio.labeling.tasks.Dcase",
    "..models.dcase.Dcase",
    "models/../../evil_module",
    "../../evil_module.Evil",
    "evil_module",
    "evil_module.Evil",
    "evil_module:Evil",
    "pyannote.audio.models:Dcase",
    "pyannote.audio.models.Dcase.__init__",
    "__import__('os').system('touch CANARY')",
    "D\u0441ase",
    "Dcase\u200b",
    "\uff24case",
    "$(touch CANARY)",
]

for class_name in NAMES:

    @payload(f"class {class_name!a}")
    def of_class(box, name=class_name):
        quoted = json.dumps(name.replace("CANARY", str(box.canary)))
        return box.fresh(
            change=lambda text: text.replace(
                "architecture:\n   name: Dcase", f"architecture:\n   name: {quoted}"
            )
        )


for kind in (
    "task",
    "feature_extraction",
    "scheduler",
    "optimizer",
    "callbacks",
    "data_augmentation",
    "backend",
):

    @payload(f"{kind} os.system")
    def of_kind(box, kind=kind):
        def change(text):
            content = yaml.safe_load(text)
            return yaml.safe_dump({**content, kind: {"name": "os.system", "params": {"command": "touch x"}}})

        if kind == "backend":
            return box.emb("validate", "--backend={name: os.system, params: {command: touch x}}")
        return box.fresh(change=change)


# Parameters and templates


@payload("a parameter that is called like a function")
def function_as_parameter(box):
    text = box.embedding.config.read_text()
    box.embedding.config.write_text(
        text.replace("params:\n      recurrent: [8]", "params:\n      pooling: os.system")
    )
    return box.emb("train", "--from=last", "--to=4")


@payload("a parameter that the toolkit fills in")
def injected_parameter(box):
    return box.fresh(
        change=lambda text: text.replace(
            "architecture:\n   name: Dcase",
            "architecture:\n   name: Dcase\n   params: {specifications: {a: 1}}",
        )
    )


@payload("a dunder parameter")
def dunder_parameter(box):
    return box.fresh(
        change=lambda text: text.replace(
            "architecture:\n   name: Dcase",
            "architecture:\n   name: Dcase\n   params: {__class__: os.system}",
        )
    )


@payload("a template that looks into objects")
def template_of_objects(box):
    return box.fresh(change=lambda text: text + "preprocessors: {audio: '/{uri.__class__.__mro__}.wav'}\n")


@payload("a template as wide as the memory")
def wide_template(box):
    return box.fresh(change=lambda text: text + "preprocessors: {audio: '/{uri:>9999999999}.wav'}\n")


@payload("a folder that is a command")
def folder_as_command(box):
    reverb = f"data_augmentation: {{name: Reverb, params: {{folder: '$(touch {box.canary})'}}}}\n"
    return box.fresh(change=lambda text: text + reverb)


@payload("a collection that is a command")
def collection_as_command(box):
    noise = f"data_augmentation: {{name: AddNoise, params: {{collection: '`touch {box.canary}`'}}}}\n"
    return box.fresh(change=lambda text: text + noise)


# Pickles in checkpoints


def resume(box):
    return box.dcase("train", "--from=last", "--to=4")


PLACES = {
    "weights that apply reads": ("detection", "0000.pt", lambda box: box.dcase("apply")),
    "weights that train resumes": ("detection", "0003.pt", resume),
    "state that train resumes": ("detection", "0003.state.pt", resume),
    "weights that compare reads": ("embedding", "0000.pt", lambda box: box.compare()),
    "weights that validate reads": ("embedding", "0000.pt", lambda box: box.emb("validate", "--duration=2")),
}
PICKLED = [
    "os.system", "subprocess", "eval", "exec", "open", "a method", "shutil", "torch.save", "numpy",
    "bytes in torch", "runpy", "a loader",
]  # fmt: skip


def plant_everywhere(box, family, name, content):
    """Put something in the place of one file of an epoch, or of those of all epochs."""
    weights = getattr(box, family).train / "weights"
    for path in sorted(weights.glob("*.pt")):
        if path.name == name or (name == "0000.pt" and "state" not in path.name):
            box.forge(path, content)


for number, (place, (family, file, run)) in enumerate(list(PLACES.items()) * 3):
    pickled = PICKLED[number % len(PICKLED)]

    @payload(f"{pickled} in {place}")
    def in_place(box, family=family, file=file, run=run, pickled=pickled):
        plant_everywhere(box, family, file, saved({"layer": pickles(box.canary)[pickled]}))
        return run(box)


def pretrained(content):
    """Train from a file with some content."""

    def plant(box):
        path = box.root / "evil.pt"
        path.write_bytes(content(box))
        return box.fresh(f"--pretrained={path}")

    return plant


for pickled in PICKLED:
    payload(f"{pickled} in --pretrained")(
        pretrained(lambda box, pickled=pickled: saved(pickles(box.canary)[pickled]))
    )

payload("a plain pickle in --pretrained")(pretrained(lambda box: pickle.dumps(box.evil)))
payload("an old pickle in --pretrained")(pretrained(lambda box: pickle.dumps({"a": box.evil}, protocol=0)))
payload("a shell script in --pretrained")(pretrained(lambda box: f"#!/bin/sh\ntouch {box.canary}\n".encode()))


@payload("torch's old format in --pretrained")
@pretrained
def old_format(box):
    stream = io.BytesIO()
    torch.save({"a": box.evil}, stream, _use_new_zipfile_serialization=False)
    return stream.getvalue()


@payload("TorchScript in --pretrained")
@pretrained
def script(box):
    stream = io.BytesIO()
    torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), stream)
    return stream.getvalue()


# Zip files


def rewritten(change, **options):
    """What `torch.save` writes, with other entries."""
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(saved({"a": torch.zeros(4)}))) as before,
        zipfile.ZipFile(stream, "w", **options) as after,
    ):
        change(before, after)
    return stream.getvalue()


def copy(before, after):
    for name in before.namelist():
        after.writestr(name, before.read(name))


@payload("a zip that climbs")
@pretrained
def climbing(box):
    def change(before, after):
        copy(before, after)
        for name in ("../../../../canary", f"{box.canary}", "archive/../../canary"):
            after.writestr(name, "x")

    return rewritten(change)


@payload("a zip of a pickle within a zip")
@pretrained
def nested(box):
    return rewritten(lambda before, after: after.writestr("archive/data.pkl", saved(box.evil)))


@payload("a zip that is compressed")
@pretrained
def bomb(box):
    def change(before, after):
        copy(before, after)
        with after.open("archive/data/1", "w", force_zip64=True) as stream:
            for _ in range(256):
                stream.write(bytes(1 << 20))

    return rewritten(change, compression=zipfile.ZIP_DEFLATED, compresslevel=1)


@payload("a zip that says to hold 100 GB")
@pretrained
def claiming(box):
    content = bytearray(rewritten(copy))
    start = content.rindex(b"PK\x01\x02")
    # sizes in the central directory, as far as 32 bits can say
    content[start + 20 : start + 28] = b"\xfe\xff\xff\xff\xfe\xff\xff\xff"
    return bytes(content)


@payload("a tensor that is larger than its file")
@pretrained
def stretched(box):
    return saved({"a": torch.zeros(1).expand(1 << 30)})


@payload("lists in lists")
@pretrained
def deep(box):
    data = b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b"."
    return rewritten(
        lambda before, after: [
            after.writestr(name, data if name.endswith("data.pkl") else before.read(name))
            for name in before.namelist()
        ]
    )


# Arrays


def precomputed(box, content):
    """Train on features that lie in a folder, each of which has this content."""
    features = box.root / "features"
    (features / "TUT2017").mkdir(parents=True)
    (features / "metadata.yml").write_text("start: 0\nduration: 0.025\nstep: 0.01\ndimension: 40\n")
    for index in range(1, 9):
        (features / "TUT2017" / f"a{index:03}.npy").write_bytes(content)
    extraction = f"feature_extraction:\n   name: Precomputed\n   params: {{root_dir: {features}}}\narch"
    return box.fresh(change=lambda text: re.sub(r"feature_extraction:.*?arch", extraction, text, flags=re.S))


@payload("objects in Precomputed features")
def precomputed_objects(box):
    return precomputed(box, objects(box.evil))


@payload("an archive in the place of Precomputed features")
def precomputed_archive(box):
    stream = io.BytesIO()
    np.savez(stream, a=np.array([box.evil], dtype=object))
    return precomputed(box, stream.getvalue())


@payload("Precomputed features that are larger than any memory")
def precomputed_bomb(box):
    stream = io.BytesIO()
    header = {"descr": "<f4", "fortran_order": False, "shape": (1 << 40, 40)}
    np.lib.format.write_array_header_1_0(stream, header)
    return precomputed(box, stream.getvalue())


@payload("objects in the store of features")
def stored(box):
    result = box.fresh(cache="own")
    assert result.code == 0
    for path in (box.root / "own").rglob("*.npy"):
        path.write_bytes(objects(box.evil))
    shutil.rmtree(box.root / "fresh" / "train")
    return box.fresh(cache="own")


@payload("objects in the index of the store")
def indexed(box):
    result = box.fresh(cache="own")
    assert result.code == 0
    for path in (box.root / "own").rglob("*.npz"):
        np.savez(
            path.open("wb"),
            **dict.fromkeys(("keys", "frames", "long_term"), np.array([box.evil], dtype=object)),
        )
    shutil.rmtree(box.root / "fresh" / "train")
    return box.fresh(cache="own")


@payload("objects in scores of epochs")
def scores(box):
    for path in (box.detection.validate / "scores").glob("*.npy"):
        path.write_bytes(objects(box.evil))
    return box.dcase("validate")


@payload("objects in what a back-end has learned")
def learned(box):
    params = yaml.safe_load((box.embedding.validate / "params.yml").read_text())
    params["backend"] = {"name": "WCCN"}
    (box.embedding.validate / "params.yml").write_text(yaml.safe_dump(params))
    folder = box.embedding.validate / "backend"
    folder.mkdir(exist_ok=True)
    version = json.loads((box.embedding.train / "weights" / f"{params['epoch']:04d}.json").read_text())
    digest = version["sha256"][f"{params['epoch']:04d}.pt"][:16]
    with (folder / f"{params['epoch']:04d}.{digest}.npz").open("wb") as stream:
        np.savez(stream, projection=np.array([box.evil], dtype=object))
    return box.compare()


# What commands have written


@payload("a manifest of 100 MB")
def long_manifest(box):
    (box.detection.train / "weights" / "0003.json").write_bytes(b'{"sha256": "' + b"a" * (100 << 20))
    return box.dcase("train", "--from=last", "--to=4")


@payload("a manifest of 100,000 levels")
def deep_manifest(box):
    (box.detection.train / "weights" / "0003.json").write_text("[" * 60_000)
    return box.dcase("train", "--from=last", "--to=4")


@payload("a manifest that is a pickle")
def pickled_manifest(box):
    (box.detection.train / "weights" / "0003.json").write_bytes(pickle.dumps(box.evil))
    return box.dcase("train", "--from=last", "--to=4")


@payload("a pipe in the place of weights")
def pipe(box):
    for path in (box.detection.train / "weights").glob("*.pt"):
        path.unlink()
        os.mkfifo(path)
    return box.dcase("apply")


TAG = "!!python/object/apply:os.system ['touch {}']"


@payload("a tag in config.yml")
def tag_in_config(box):
    return box.fresh(
        change=lambda text: text.replace("learning_rate: 0.01", f"learning_rate: {TAG.format(box.canary)}")
    )


@payload("a tag in specs.yml")
def tag_in_specs(box):
    (box.detection.train / "specs.yml").write_text(f"task: {TAG.format(box.canary)}\n")
    return box.dcase("validate")


@payload("a tag in params.yml")
def tag_in_params(box):
    (box.detection.validate / "params.yml").write_text(f"epoch: {TAG.format(box.canary)}\n")
    return box.dcase("apply")


@payload("a tag in params.yml of embeddings")
def tag_in_embedding(box):
    (box.embedding.validate / "params.yml").write_text(f"epoch: {TAG.format(box.canary)}\n")
    return box.compare()


@payload("numbers beyond any memory in specs.yml")
def huge_specs(box):
    path = box.detection.train / "specs.yml"
    path.write_text(path.read_text().replace("dimension: 40", "dimension: 4000000000000"))
    return box.dcase("apply")


@payload("curves that are a pickle")
def curves(box):
    for path in box.detection.train.glob("events*"):
        path.write_bytes(pickle.dumps(box.evil))
    return box.dcase("train", "--from=last", "--to=4")


@payload("classes that are paths")
def classes(box):
    text = (box.detection.train / "specs.yml").read_text().replace("- car", "- ../../../../canary")
    (box.detection.train / "specs.yml").write_text(text)
    return box.dcase("apply")


# Command lines

WORDS = [
    "$(touch CANARY)",
    "`touch CANARY`",
    "; touch CANARY",
    "| touch CANARY",
    "\n touch CANARY\n",
    "__import__('os')",
]

for word in WORDS:

    @payload(f"{word!r} as options")
    def options(box, word=word):
        word = word.replace("CANARY", str(box.canary))
        results = [
            box.fresh(f"--{option}={word}") for option in ("pretrained", "subset", "to", "mixed", "code")
        ]
        results += [box.dcase("apply", protocol=word), box.dcase("validate", protocol=f"A.{word}.B")]
        assert all(result.code for result in results), results
        return results[-1]
