"""The same seed gives the same bytes, wherever and however the commands are run.

All three commands run one after the other in a process of their own, for each way to run them; then every
file of the experiment is compared by its digest, but for those of tensorboard, which hold times.
"""

import os
import random
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import pytest
import torch

PROGRAM = """\
import sys
from pyannote.audio.applications import pyannote_audio
commands = [[]]
for argument in sys.argv[1:]:
    commands.append([]) if argument == "then" else commands[-1].append(argument)
for command in commands:
    code = pyannote_audio.run(command)
    if code:
        sys.exit(code)
"""
LOCALES = {"tr_TR.ISO-8859-9": ("tr_TR", "ISO-8859-9"), "de_DE.UTF-8": ("de_DE", "UTF-8")}
NOISE = """\
data_augmentation:
   name: AddNoise
   params:
      snr_min: 10
      snr_max: 20
      collection: MUSAN.Collection.BackgroundNoise
"""
DETECTION, EMBEDDING = "dcase", "emb"


class Way(NamedTuple):
    """How the commands are run."""

    hash_seed: str = "0"
    locale: str = "C.UTF-8"
    zone: str = "UTC"
    parallel: int = 1
    shuffled: int | None = None
    cold: bool = True
    elsewhere: bool = False


PLAIN = Way()
OTHER = Way("random", "C", "Asia/Kathmandu", 3, shuffled=0, elsewhere=True)
WAYS = [
    PLAIN,
    OTHER,
    Way("1", "tr_TR.ISO-8859-9", "America/St_Johns", 2, cold=False),
    Way("2", "de_DE.UTF-8", "Pacific/Apia", 2, shuffled=1, cold=False),
    Way("4294967295", "POSIX", "Europe/Paris", 3, shuffled=2, elsewhere=True),
]


@pytest.fixture(scope="session")
def locales(tmp_path_factory):
    """Folder of locales that few machines have; made where the tool to make them is there."""
    folder = tmp_path_factory.mktemp("locales")
    if shutil.which("localedef"):
        for name, (source, charset) in LOCALES.items():
            command = ["localedef", "-i", source, "-f", charset, str(folder / name)]
            subprocess.run(command, capture_output=True, check=False)
    return folder


class Data(NamedTuple):
    """Folders of annotation and lists, each with its database.yml; where to cache features; and a program."""

    databases: list[Path]
    cache: Path
    program: str
    protocol: str
    text: str
    metric: str
    others: tuple[str, ...] = ()


@pytest.fixture(scope="session", params=[DETECTION, EMBEDDING])
def family(request, config_text):
    """Data and configuration of one family of tasks."""
    if request.param == DETECTION:
        data = request.getfixturevalue("data")
        protocol = "TUT2017.SpeakerDiarization.Fold1"
        return Data(
            [data / "database"], data, DETECTION, protocol, config_text, "validate_average_detection_fscore"
        )
    corpora = request.getfixturevalue("corpora")
    text = request.getfixturevalue("embedding_text") + NOISE
    databases = [corpora.root / name for name in ("voxceleb", "ami", "noise")]
    protocol = "VoxCeleb.SpeakerVerification.VoxCeleb1"
    others = ("AMI.SpeakerDiarization.MixHeadset",)
    return Data(databases, corpora.root, EMBEDDING, protocol, text, "validate_equal_error_rate", others)


def shuffled_copies(databases, folder, seed):
    """The same lists and annotation, whose lines stand in another order; backwards, if the seed is 0."""
    generator = random.Random(seed)
    for database in databases:
        shutil.copytree(database, folder / database.name)
        for path in sorted((folder / database.name).rglob("*")):
            if path.name == "database.yml":
                path.write_text(path.read_text().replace(f"{database}/", f"{folder / database.name}/"))
            elif path.suffix in (".lst", ".rttm", ".uem", ".txt"):
                lines = path.read_text().splitlines(keepends=True)
                generator.shuffle(lines) if seed else lines.reverse()
                path.write_text("".join(lines))
    return [folder / database.name for database in databases]


def commands_of(family, root, parallel, epochs):
    """Train, validate on each of the protocols, and apply."""
    train = root / "train" / f"{family.protocol}.train"
    validate = train / family.metric / f"{family.protocol}.development"
    common = [family.program, "--cpu", f"--parallel={parallel}"]
    return [
        [common[0], "train", *common[1:], f"--to={epochs}", str(root), family.protocol],
        *(
            [common[0], "validate", *common[1:], f"--to={epochs}", str(train), protocol]
            for protocol in (family.protocol, *family.others)
        ),
        [common[0], "apply", *common[1:], str(validate), family.protocol],
    ]


def new_experiment(folder, family):
    root = folder / "experiment"
    root.mkdir(parents=True)
    (root / "config.yml").write_text(family.text)
    return root


def known_to_users(databases):
    return ";".join(str(path / "database.yml") for path in databases)


def run_here(here, family, folder, epochs):
    """Digests of all that the commands have written, run within this process."""
    root = new_experiment(folder, family)
    for command in commands_of(family, root, 1, epochs):
        done = here(*command, database=known_to_users(family.databases), cache=family.cache / "cache")
        assert done.code == 0, done.err
    return digests(root)


def run(family, way, folder, locales, epochs):
    """Digests of all that the commands have written, in a process of their own."""
    root = new_experiment(folder, family)
    databases = family.databases
    if way.shuffled is not None:
        databases = shuffled_copies(databases, folder / "lists", way.shuffled)
    environment = {
        **os.environ,
        "PYANNOTE_DATABASE_CONFIG": known_to_users(databases),
        "PYANNOTE_AUDIO_CACHE": str(folder / "cache" if way.cold else family.cache / "warm"),
        "PYTHONHASHSEED": way.hash_seed,
        "LC_ALL": way.locale,
        **({"LOCPATH": str(locales)} if way.locale in LOCALES else {}),
        "TZ": way.zone,
        "HOME": str(folder),
        # bits depend on how many threads add numbers up
        "OMP_NUM_THREADS": str(torch.get_num_threads()),
    }
    commands = commands_of(family, root, way.parallel, epochs)
    arguments = [part for command in commands for part in ("then", *command)][1:]
    where = folder if way.elsewhere else Path.cwd()
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], env=environment, cwd=where, capture_output=True
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return digests(root)


def digests(root):
    return {
        path.relative_to(root).as_posix(): sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file() and not path.name.startswith("events.out.tfevents")
    }


def differing(one, other, family, way):
    """Files that are not the same. Scores of trials lie in the order of the list of trials."""
    names = {name for name in {*one, *other} if one.get(name) != other.get(name)}
    if way.shuffled is not None and family.program == EMBEDDING:
        names = {
            name for name in names if f"{family.metric}/{family.protocol}.development/scores/" not in name
        }
    return sorted(names)


def check_what_was_written(written, family):
    names = [Path(name).name for name in written]
    expected = ["params.yml", "metadata.yml", "specs.yml", "0001.pt", "0001.state.pt", "0001.json"]
    if family.program == DETECTION:
        ends = ("rttm", "events.tsv", "evaluation.json", "provenance.json")
        expected += [f"{family.protocol}.test.{end}" for end in ends]
    assert set(expected) <= set(names) and names.count("params.yml") == 1 + len(family.others)
    assert sum(name.endswith(".npy") for name in names) > 2


def test_two_ways_to_run_differ_in_no_byte(here, family, locales, tmp_path, promise):
    plain = run_here(here, family, tmp_path / "plain", epochs=1)
    other = run(family, OTHER, tmp_path / "other", locales, epochs=1)
    check_what_was_written(plain, family)
    assert differing(plain, other, family, OTHER) == []
    promise(
        f"Same seed, same bytes: all that `{family.program}` train, validate and apply write.",
        "Twice, with other hash seed, locale, time zone, --parallel, current folder, cache, and order of all "
        "lists and annotation.",
        f"{len(plain)} files, 0 differ",
    )


@pytest.mark.slow
def test_no_way_to_run_makes_a_difference(family, locales, tmp_path, promise):
    known = [way for way in WAYS if way.locale not in LOCALES or (locales / way.locale).exists()]
    (family.cache / "warm").mkdir(exist_ok=True)
    found = [run(family, way, tmp_path / str(index), locales, epochs=3) for index, way in enumerate(known)]
    check_what_was_written(found[0], family)
    for way, written in zip(known[1:], found[1:], strict=True):
        assert differing(found[0], written, family, way) == [], way
    again = run(family, PLAIN, tmp_path / "again", locales, epochs=3)
    assert again == found[0]
    promise(
        f"Same seed, same bytes: weights, params.yml, RTTM and all else that `{family.program}` writes.",
        "Three epochs, validated and applied, with hash seeds, time zones, --parallel 1 to 3, warm and cold "
        f"caches, shuffled lists, and the locales {', '.join(way.locale for way in known)}.",
        f"{len(found) + 1} runs of {len(found[0])} files, 0 differ",
    )
