"""Nothing is written outside the folder that was meant, whatever names and links say."""

import io
import os
import runpy
import shutil
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml
from pyannote.core import Segment, SlidingWindow

from pyannote.audio.core.errors import ToolkitError
from pyannote.audio.database.corpora import speakers
from pyannote.audio.database.corpora.annotated_file import AnnotatedFile
from pyannote.audio.database.corpora.locations import link_audio
from pyannote.audio.database.corpora.writing import write_database
from pyannote.audio.features.precomputed import Precomputed
from pyannote.audio.io.lines import AnnotatedEvent
from pyannote.audio.io.paths import flat_name, inside
from pyannote.audio.io.storage import write_text

SCRIPTS = Path(__file__).parents[2] / "scripts"
WINDOW = SlidingWindow(start=0, duration=0.1, step=0.1)
USAGE, DATA, STORAGE = 2, 4, 6

NAMES = [
    "..", "../x", "../../x", "../victim", "../../../../../../../../tmp/x", "/etc/passwd", "/", "//", "/tmp/x",
    "a/../../x", "a/../../../x", "./../x", ".", "", "a/..", "a//../../x", "a\0b", "../x\0", "~/x", "~root/x",
    "$HOME/x", "..\\x", "....//x", "%2e%2e/x", "..%2fx", "\n/../x", " ../x", "../ x", "-/../../x", "link/x",
    "link/../x", "deep/link/x", "x" * 300, f"{'x' * 300}/../../x", "../" * 1000 + "x", "a/" * 3000 + "x",
]  # fmt: skip


class Canary:
    """An output folder, in a tree of which nothing else may change."""

    def __init__(self, root):
        self.root, self.output = root, root / "a" / "b" / "output"
        self.victim, self.outside = root / "a" / "b" / "victim", root / "a" / "outside"
        self.outside.mkdir(parents=True)
        self.output.mkdir(parents=True)
        for path in (self.victim, self.outside / "x", self.outside / "x.npy", root / "a" / "x", root / "x"):
            path.write_text("a canary\n")
        self.link(self.output / "link", self.outside)
        self.link(self.output / "deep" / "link", self.outside)
        self.before = self.state()

    def link(self, path, target):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(target)

    def state(self):
        """Names, contents, links and times of all that lies outside the output folder."""
        found = {}
        for path in [self.root, *self.root.rglob("*")]:
            if self.output in (path, *path.parents) or path == self.output.parent:
                continue
            status = path.lstat()
            content = path.readlink() if path.is_symlink() else path.read_bytes() if path.is_file() else None
            found[path] = (status.st_mode, status.st_mtime_ns, content)
        for path in map(Path, ("/etc/passwd", "/tmp/x", "/x", Path.home() / "x")):
            found[path] = path.lstat().st_mtime_ns if path.exists() else None
        found["beside"] = sorted(path.name for path in self.output.parent.iterdir())
        return found

    def untouched(self):
        return self.state() == self.before


@pytest.fixture
def canary(tmp_path):
    return Canary(tmp_path / "canary")


def write_wav(path, seconds=1.0):
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = np.random.default_rng(0).uniform(-0.1, 0.1, round(8000 * seconds))
    with path.open("wb") as stream:
        soundfile.write(stream, samples, 8000, format="WAV")


def script(name, *arguments):
    """Run a script in this process, and give its status and what it says."""
    err = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(io.StringIO()), redirect_stderr(err):
        patch.setattr(sys, "argv", [name, *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            runpy.run_path(str(SCRIPTS / name), run_name="__main__")
    return end.value.code, err.getvalue()


def database_of(folder, wav, uri="a", label="car", name="Own", protocol="P"):
    event = AnnotatedEvent(uri, Segment(0, 0.5), label, wav, 1)
    file = AnnotatedFile(uri, wav, 1.0, [event])
    return write_database(folder, name, [file], {protocol: {"train": [uri]}})


WRITERS = {
    "uri of frames": lambda output, wav, name: frames(output).dump(
        {"database": "D", "uri": name}, np.ones((1, 1))
    ),
    "uri of frames without database": lambda output, wav, name: frames(output).dump(
        {"uri": name}, np.ones((1, 1))
    ),
    "database of frames": lambda output, wav, name: frames(output).dump(
        {"database": name, "uri": "a"}, np.ones((1, 1))
    ),
    "label of a file": lambda output, wav, name: write_text(
        inside(output, f"P.test.{flat_name(name)}", ".rttm"), ""
    ),
    "uri of a database": lambda output, wav, name: database_of(output, wav, uri=name),
    "label of a database": lambda output, wav, name: database_of(output, wav, label=name),
    "name of a database": lambda output, wav, name: database_of(output, wav, name=name),
    "name of a protocol": lambda output, wav, name: database_of(output, wav, protocol=name),
    "link to audio": lambda output, wav, name: link_audio({name: wav}, output / "audio"),
}


def frames(output):
    return Precomputed.create(output, WINDOW, dimension=1)


def test_no_writer_leaves_its_folder(canary, tmp_path, promise):
    write_wav(tmp_path / "given.wav")
    cases, outside, refused = 0, [], 0
    for writer, write in WRITERS.items():
        for name in NAMES:
            cases += 1
            try:
                write(canary.output, tmp_path / "given.wav", name)
            except ToolkitError:
                refused += 1
            if not canary.untouched():
                outside.append((writer, name))
    assert outside == [] and refused > cases / 3
    promise(
        "Nothing is written outside the output folder, whatever recordings, labels and databases are called.",
        "`../../x`, absolute paths, NUL, links that lead out, names of 300 and 6,000 bytes, as uri, label, "
        "database and protocol of each writer; a tree around the folder is compared (names, bytes, times).",
        f"{cases} cases, {refused} refused, {len(outside)} wrote outside",
    )


def test_options_of_commands_do_not_leave_the_folder(canary, finished, here, promise):
    experiment = canary.output / "experiment"
    shutil.copytree(finished.root, experiment)
    train = experiment / "train" / finished.train.name
    validate = train / finished.validate.parent.name / finished.validate.name
    cases, wrong = 0, []
    for name in (name for name in NAMES if "\0" not in name and len(name) < 400):
        commands = [
            ("train", "--to=1", experiment, name),
            ("train", "--to=1", experiment, f"{name}.SpeakerDiarization.Fold1"),
            ("train", "--to=1", f"--subset={name}", experiment, finished.protocol),
            ("validate", train, name),
            ("validate", f"--subset={name}", train, finished.protocol),
            ("apply", validate, name),
            ("apply", f"--subset={name}", validate, finished.protocol),
        ]
        for command in commands:
            cases += 1
            result = here("dcase", command[0], "--cpu", *command[1:])
            if result.code != USAGE or "Traceback" in result.err or not canary.untouched():
                wrong.append((*command, result.code, result.err))
    assert wrong == []
    promise(
        "Nothing is written outside the output folder, whatever protocol and subset the command line names.",
        "The same names as protocol and `--subset` of train, validate and apply.",
        f"{cases} command lines, all refused with status {USAGE}, nothing changed",
    )


def hostile_database(folder, wav, uris=("a",), protocol="Plain", database="Street"):
    """A database.yml of recordings that are all one file, with any names."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "a.lst").write_text("".join(f"{uri}\n" for uri in uris))
    subset = {"uri": str(folder / "a.lst")}
    content = {
        "Databases": {database: str(wav)},
        "Protocols": {
            database: {"SpeakerDiarization": {protocol: {"scope": "file", "test": subset, "train": subset}}}
        },
    }
    (folder / "database.yml").write_text(yaml.safe_dump(content))
    return folder / "database.yml"


def test_names_in_a_database_do_not_leave_the_folder_of_results(
    canary, finished, here, tmp_path, data, promise
):
    experiment = canary.output / "experiment"
    shutil.copytree(finished.root, experiment)
    validate = experiment / finished.validate.relative_to(finished.root)
    write_wav(tmp_path / "a.wav")
    cases, wrong = 0, []
    for name in (
        "../../x",
        "../victim",
        "/etc/passwd",
        "a/../../x",
        "..",
        "./x",
        "a//x",
        "~/x",
        "x/..",
        "../" * 9,
    ):
        for path in (
            hostile_database(tmp_path / "uri", tmp_path / "a.wav", uris=["b", name]),
            hostile_database(tmp_path / "protocol", tmp_path / "a.wav", protocol=name),
            hostile_database(tmp_path / "database", tmp_path / "a.wav", database=name.replace(".", "")),
        ):
            content = yaml.safe_load(path.read_text())["Protocols"]
            (database,) = content
            (protocol,) = content[database]["SpeakerDiarization"]
            full = f"{database}.SpeakerDiarization.{protocol}"
            for command in (("apply", validate), ("train", "--to=1", experiment)):
                cases += 1
                result = here(
                    "dcase", command[0], "--cpu", *command[1:], full, database=path, cache=data / "cache"
                )
                expected = {0, DATA, USAGE} if name == "~/x" else {DATA, USAGE}
                if result.code not in expected or "Traceback" in result.err or not canary.untouched():
                    wrong.append((path, name, command[0], result.code, result.err))
    assert wrong == []
    assert {
        path.relative_to(experiment / "train").parts[0] for path in (experiment / "train").rglob("*")
    } == {finished.train.name}
    promise(
        "Nothing is written outside the output folder, whatever a database.yml and its lists name.",
        "Names that lead out as uri, protocol and database, given to `apply` and `train`.",
        f"{cases} commands, nothing changed outside",
    )


def test_averages_do_not_leave_their_folder(canary, tmp_path, monkeypatch):
    write_wav(tmp_path / "a.wav")
    monkeypatch.setenv("PYANNOTE_AUDIO_CACHE", str(tmp_path / "cache"))
    for name in ("../../x", "/etc/passwd", "link/x", "a/../x"):
        path = hostile_database(tmp_path / "uri", tmp_path / "a.wav", uris=[name])
        arguments = (path, "Street.SpeakerDiarization.Plain", canary.output)
        code, err = script("logavgmel.py", "--sample-rate=8000", *arguments)
        assert code == DATA and err.count("\n") == 1 and canary.untouched()


def test_names_of_what_is_prepared(canary, tmp_path):
    write_wav(tmp_path / "audio" / "a.wav")
    (tmp_path / "labels.csv").write_text("filename,onset,offset,label\na,0,0.5,../../x\n")
    for name in (name for name in NAMES if "\0" not in name):
        for option in ("--name", "--protocol"):
            arguments = (tmp_path / "audio", tmp_path / "labels.csv", canary.output / "made")
            code, err = script(
                "make_database.py", f"{option}={name}", "--test=0", "--development=0", *arguments
            )
            assert code == USAGE and err.count("\n") == 1 and len(err) < 500 and canary.untouched()
    assert not (canary.output / "made").exists()


def test_folders_of_speakers(canary, tmp_path):
    voices = tmp_path / "voices"
    for name in ("..x", "~", "$HOME", "-", "...", "a\n..", "%2e%2e", "..\\x"):
        for session in ("1", "2"):
            write_wav(voices / name / session / "..%2f.wav")
            write_wav(voices / name / session / "~.wav")
    speakers.prepare(voices, canary.output / "made", trials=10)
    assert canary.untouched()


# Links within the output folder


def test_links_to_files_are_replaced_and_not_followed(canary, finished, here, promise):
    made, experiment = canary.output / "made", canary.output / "experiment"
    shutil.copytree(finished.root, made)
    validate = finished.validate.relative_to(finished.root)
    assert here("dcase", "apply", "--cpu", made / validate, finished.protocol).code == 0
    # manifests tell which epochs there are: whoever can write them can write weights
    kinds = {".pt", ".yml", ".npy", ".rttm", ".tsv", ".eval"}
    links = [
        experiment / path.relative_to(made)
        for path in made.rglob("*")
        if (path.suffix in kinds and path.name != "config.yml")
        or path.name.endswith((".evaluation.json", ".provenance.json"))
    ]
    for link in links:
        canary.link(link, canary.victim)
    shutil.copy(finished.config, experiment)
    train = experiment / finished.train.relative_to(finished.root)
    for command in (("train", "--to=3", experiment), ("validate", train), ("apply", experiment / validate)):
        result = here("dcase", command[0], "--cpu", *command[1:], finished.protocol)
        assert result.code == 0, result.err
    assert canary.untouched()
    assert not [link for link in links if link.is_symlink()] and len(links) > 20
    promise(
        "A link in a folder of results is replaced, and what it leads to stays as it is.",
        "All files of train, validate and apply as links to one file before the commands write them.",
        f"{len(links)} links replaced, 0 bytes written through them",
    )


@pytest.mark.parametrize("purpose", ["train", "validate", "apply"])
def test_a_lock_that_is_a_link_is_refused(canary, finished, here, purpose):
    experiment = canary.output / "experiment"
    shutil.copytree(finished.root, experiment)
    validate = experiment / finished.validate.relative_to(finished.root)
    train = validate.parents[1]
    assert here("dcase", "apply", "--cpu", validate, finished.protocol).code == 0
    folder = {"train": train, "validate": validate, "apply": next((validate / "apply").iterdir())}[purpose]
    (folder / f".lock.{purpose}").symlink_to(canary.victim)
    given = {"train": experiment, "validate": train, "apply": validate}[purpose]
    result = here("dcase", purpose, "--cpu", given, finished.protocol)
    assert result.code == STORAGE and f".lock.{purpose}" in result.err and result.err.count("\n") == 1
    assert canary.untouched()


def test_folders_of_databases_that_are_links_are_refused(canary, finished, here):
    experiment = canary.output / "experiment"
    shutil.copytree(finished.root, experiment)
    validate = experiment / finished.validate.relative_to(finished.root)
    assert here("dcase", "apply", "--cpu", validate, finished.protocol).code == 0
    (applied,) = (validate / "apply").iterdir()
    shutil.rmtree(applied / "TUT2017")
    (applied / "TUT2017").symlink_to(canary.outside)
    result = here("dcase", "apply", "--cpu", validate, finished.protocol)
    assert result.code == DATA and "symbolic link" in result.err and canary.untouched()


@pytest.mark.parametrize(
    "linked", ["lists", "audio", "Own.rttm", "Own.uem", "labels.yml", "database.yml", "audio/b.wav"]
)
def test_links_in_the_folder_of_a_database(canary, tmp_path, linked):
    # its name is not that of the file, so that a link to it is made
    write_wav(tmp_path / "given.wav")
    path = canary.output / "made" / linked
    canary.link(path, canary.victim if "." in linked else canary.outside)
    if linked in ("lists", "audio"):
        with pytest.raises(ToolkitError, match="symbolic link"):
            database_of(canary.output / "made", tmp_path / "given.wav", uri="b")
    else:
        database_of(canary.output / "made", tmp_path / "given.wav", uri="b")
        assert path.resolve() != canary.victim
    assert canary.untouched()


def test_folders_that_the_user_has_moved_to_another_disk_are_used(canary, experiment, here):
    """What a user links by name, such as weights to a larger disk, is meant: only names in data are not."""
    disk = canary.output / "disk"
    disk.mkdir()
    experiment.train.mkdir(parents=True)
    experiment.weights(1).parent.symlink_to(disk)
    assert here("dcase", "train", "--cpu", "--to=1", experiment.root, experiment.protocol).code == 0
    assert (disk / "0001.pt").is_file()


def test_a_folder_may_be_given_by_a_link(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    frames(tmp_path / "link").dump({"database": "D", "uri": "a/b"}, np.ones((1, 1)))
    assert (tmp_path / "real" / "D" / "a" / "b.npy").is_file()
    assert inside(Path(os.path.relpath(tmp_path / "link")), "a").name == "a"
