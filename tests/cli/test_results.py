"""Results of `apply` lie apart, and `evaluate` pools those of one protocol and subset that are whole."""

import json
import re
import shutil

import pytest
import yaml
from commands import forget_configuration

from pyannote.audio.features import Precomputed
from pyannote.audio.io.apply_folders import ApplyFolder

DATA, USAGE, CHECKPOINT = 4, 2, 8
VOXCELEB = "VoxCeleb.SpeakerVerification.VoxCeleb1"


def content(folder):
    """Content of all files of a folder, by name."""
    paths = [path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".")]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


@pytest.fixture
def applied(copied, here):
    """An experiment that was applied to its test files."""
    result = here("dcase", "apply", "--cpu", copied.validate, copied.protocol)
    assert (result.code, result.err) == (0, "")
    return copied


def figures(folders, subset, protocol=None):
    path = folders.applied / f"{protocol or folders.protocol}.{subset}.evaluation.json"
    return json.loads(path.read_text())


def test_subsets_in_one_folder_are_not_pooled(applied, here, tmp_path):
    before, alone = content(applied.applied), here("dcase", "evaluate", applied.applied)
    for subset in ("train", "development"):
        options = ("--cpu", f"--subset={subset}", "--seen=score")
        result = here("dcase", "apply", *options, applied.validate, applied.protocol)
        assert result.code == 0, result.err
        assert ("the model was trained on 4 of 4 files" in result.err) == (subset == "train")
        assert (result.err == "") == (subset == "development")
    after = content(applied.applied)
    assert {name: after[name] for name in before} == before
    assert figures(applied, "train") != figures(applied, "test") != figures(applied, "development")

    assert here("dcase", "evaluate", applied.applied) == alone and alone.code == 0
    uris = [uri.removesuffix(".npy") for uri in before if uri.endswith(".npy")]
    for word in (str(applied.applied), f"{applied.protocol}.test", *(uri.split("/")[1] for uri in uris)):
        assert word in alone.out
    for subset in ("test", "development"):
        output = tmp_path / f"{subset}.json"
        result = here("dcase", "evaluate", f"--subset={subset}", f"--output={output}", applied.applied)
        assert result.code == 0 and json.loads(output.read_text()) == figures(applied, subset)
    result = here("dcase", "evaluate", "--subset=train", applied.applied)
    check(result, DATA, applied.applied, "was trained on 4 of these 4 files", "such as 'TUT2017/a")
    check(here("dcase", "evaluate", "--subset=dev", applied.applied), USAGE, "There is no subset 'dev'")


def check(result, code, *words):
    """Whether a command has ended with a sentence that holds some words."""
    assert (result.code, result.err.count("\n"), result.err[:7]) == (code, 1, "Error: "), result
    assert [str(word) for word in words if str(word) not in result.err] == [], result.err


def test_a_subset_that_is_not_there(applied, here):
    result = here("dcase", "evaluate", "--subset=development", applied.applied)
    check(
        result, USAGE, "no evaluation of the subset 'development'", f"'{applied.protocol}.test'", "--subset"
    )


def test_protocols_in_one_folder_are_not_pooled(applied, here):
    """The test files of the fold after the next are training files of this one."""
    other = "TUT2017.SpeakerDiarization.Fold3"
    before, alone = content(applied.applied), here("dcase", "evaluate", applied.applied)
    result = here("dcase", "apply", "--cpu", "--seen=score", applied.validate, other)
    seen = re.search(r"Warning: the model was trained on (\d) of 2 files \('TUT2017/a", result.err)
    assert result.code == 0 and int(seen[1]) >= 1 and "not those of unseen recordings" in result.err
    after = content(applied.applied)
    assert {name: after[name] for name in before} == before
    check(here("dcase", "evaluate", applied.applied), USAGE, applied.protocol, other, "--protocol")
    assert here("dcase", "evaluate", f"--protocol={applied.protocol}", applied.applied) == alone
    result = here("dcase", "evaluate", f"--protocol={other}", applied.applied)
    check(result, DATA, f"was trained on {seen[1]} of these 2 files")
    result = here("dcase", "evaluate", "--protocol=No.Such.One", applied.applied)
    check(result, USAGE, "'No.Such.One'", f"'{other}.test'")


def without_psds(text):
    return re.sub(r"Polyphonic.*?\n\n", "", text, flags=re.DOTALL)


def flip(path, other):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def empty(path, other):
    path.write_bytes(b"")


def take_away(path, other):
    path.unlink()


def repeat_a_line(path, other):
    path.write_bytes(path.read_bytes() + path.read_bytes().split(b"\n")[-2] + b"\n")


def swap(path, other):
    """Put the file of another subset in its place."""
    path.write_bytes(other.read_bytes())


@pytest.mark.parametrize("change", [flip, empty, take_away, repeat_a_line, swap])
def test_no_changed_file_gives_other_figures(change, applied, here):
    """Whatever changes between `apply` and `evaluate`: the same figures, or a sentence."""
    folder, name = applied.applied, f"{applied.protocol}.test"
    assert (
        here("dcase", "apply", "--cpu", "--subset=development", applied.validate, applied.protocol).code == 0
    )
    expected = here("dcase", "evaluate", folder)
    refused, incomplete = set(), set()
    uris = {
        f"{uri}.npy" for uri in re.findall(r"^(\S+)\t", (folder / f"{name}.events.tsv").read_text(), re.M)
    }
    for path in sorted(folder / one for one, data in content(folder).items() if data):
        other = path.with_name(path.name.replace(".test.", ".development."))
        before = path.read_bytes()
        change(path, other)
        result = here("dcase", "evaluate", folder)
        if result.code:
            refused.add(path.name)
            assert result.err.count("\n") == 1 and "Traceback" not in result.err
            # a reference that is not there is that of no evaluation
            assert name in result.err or (change, path.suffix) == (take_away, ".tsv")
        else:
            whole = result.out == expected.out
            assert whole or result.out == without_psds(expected.out), path
            # scores are those of PSDS alone, which is left out without them
            assert result.err.count("PSDS is left out") == (not whole), path
            assert whole or path.name in result.err or "provenance" in result.err, path
            if not whole:
                incomplete.add(path.name)
        path.write_bytes(before)
    wanted = {f"{name}.{end}" for end in ("events.tsv", "reference.tsv", "provenance.json")}
    assert refused == (wanted - {f"{name}.provenance.json"} if change is take_away else wanted)
    # scores of one recording are not swapped for those of another
    if change is not swap:
        provenance = {f"{name}.provenance.json"} if change is take_away else set()
        assert incomplete == {"metadata.yml", *uris - {"filename.npy"}, *provenance}


def test_results_of_an_earlier_version(applied, here):
    """Without provenance, they are read with one warning, and training files are known by name."""
    expected = here("dcase", "evaluate", applied.applied).out
    options = ("--cpu", "--subset=train", "--seen=score")
    assert here("dcase", "apply", *options, applied.validate, applied.protocol).code == 0
    for path in applied.applied.glob("*.provenance.json"):
        path.unlink()
    result = here("dcase", "evaluate", applied.applied)
    assert (result.code, result.out, result.err.count("\n")) == (0, without_psds(expected), 2)
    assert without_psds(expected) != expected and "PSDS is left out" in result.err
    assert result.err.count("Warning: ") == 2 and "no provenance" in result.err
    result = here("dcase", "evaluate", "--subset=train", applied.applied)
    check(result, DATA, "was trained on 4 of these 4 files")


def test_a_training_of_an_earlier_version(copied, here):
    """It has not stored its training files, so that no one can tell whether it has seen others."""
    forget_configuration(copied.train)
    path = copied.validate / "params.yml"
    params = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump({name: value for name, value in params.items() if name != "provenance"}))
    result = here("dcase", "apply", "--cpu", copied.validate, copied.protocol)
    assert result.code == 0 and "earlier version" in result.err
    result = here("dcase", "evaluate", copied.applied)
    assert (result.code, result.err.count("\n")) == (0, 1) and "cannot be told" in result.err


def test_figures_of_an_earlier_version_are_not_taken_for_new_ones(applied, here):
    (applied.applied / "evaluation.json").write_text("{}")
    assert here("dcase", "apply", "--cpu", applied.validate, applied.protocol).code == 0
    assert not (applied.applied / "evaluation.json").exists()


def test_results_of_weights_that_were_trained_again(applied, here):
    options = ("--cpu", "--from=1", "--to=3", "--seed=1", "--accept-changes")
    folder = applied.applied
    assert here("dcase", "train", *options, applied.root, applied.protocol).code == 0
    epochs = {values["epoch"] for values in chosen(applied).values()}
    result = here("dcase", "evaluate", folder)
    if epochs == {1}:
        assert result.code == 0
    else:
        check(result, CHECKPOINT, folder, "other weights", "Run `validate` and `apply` again")


def chosen(folders):
    return yaml.safe_load((folders.validate / "params.yml").read_text())["class_wise"]


def test_scores_of_other_options_are_not_mixed(applied, here):
    before = content(applied.applied)
    result = here(
        "dcase", "apply", "--cpu", "--subset=development", "--step=0.5", applied.validate, applied.protocol
    )
    assert result.code == 0
    assert "held scores of 2 other files" in result.err and "They are removed" in result.err
    after = content(applied.applied)
    scores = {name for name in before if name.endswith(".npy")}
    assert len(scores) == 2 and not scores & after.keys()
    results = before.keys() - scores - {"metadata.yml"}
    assert {name: after[name] for name in results} == {name: before[name] for name in results}
    # figures of the same name are replaced, and that is said
    result = here("dcase", "apply", "--cpu", "--step=0.5", applied.validate, applied.protocol)
    assert f"results called {applied.protocol}.test of other weights, options or thresholds" in result.err
    assert len(list(applied.applied.glob("TUT2017/*.npy"))) == 4
    assert here("dcase", "apply", "--cpu", "--step=0.5", applied.validate, applied.protocol).err == ""


def test_folders_of_different_options_are_pooled_with_a_warning(copied, here, tmp_path):
    for index, options in enumerate([(), ("--step=0.5", "--subset=development")]):
        assert here("dcase", "apply", "--cpu", *options, copied.validate, copied.protocol).code == 0
        shutil.copytree(copied.applied, tmp_path / str(index))
    # as if the second folder were that of another fold
    for path in (tmp_path / "1").glob("*.test.*"):
        path.unlink()
    path = tmp_path / "1" / f"{copied.protocol}.development.provenance.json"
    for end in ("events.tsv", "reference.tsv"):
        name = tmp_path / "1" / f"{copied.protocol}.development.{end}"
        name.rename(name.with_name(name.name.replace(".development.", ".test.")))
    text = path.read_text().replace(".development.", ".test.")
    path.unlink()
    sealed(tmp_path / "1" / f"{copied.protocol}.test.provenance.json", text)
    result = here("dcase", "evaluate", tmp_path / "0", tmp_path / "1")
    assert result.code == 0
    assert result.err == "Warning: these folders were applied with different --step.\n"


def sealed(path, text):
    from pyannote.audio.core.digests import digest

    loaded = json.loads(text)
    loaded.pop("digest")
    path.write_text(json.dumps({**loaded, "digest": digest(loaded)}))


def test_two_audio_files_of_one_name(applied, here, data, tmp_path):
    """Each has results and scores of its own, which stay where they are when it is applied to again."""
    wavs = data / "tut" / "audio" / "street"
    paths = [tmp_path / folder / "x.wav" for folder in ("a", "b", "elsewhere")]
    for path, name in zip(paths, ("a001", "a005", "a001"), strict=True):
        path.parent.mkdir()
        shutil.copy2(wavs / f"{name}.wav", path)
    found = []
    for path in paths:
        assert here("dcase", "apply", "--cpu", applied.validate, path).code == 0
        found.append(content(applied.applied))
    first, second, third = found
    assert {name: second[name] for name in first} == first and second == third
    names = sorted(name for name in second if name.startswith("x~") and name.endswith(".events.tsv"))
    scores = [name for name in second if name.startswith("audio/x~")]
    assert len(names) == len(scores) == 2 and second[scores[0]] != second[scores[1]]
    for name in names:
        uri = name.removesuffix(".events.tsv")
        assert Precomputed(applied.applied)({"database": "audio", "uri": uri}).data.shape[1] == 6


def test_a_training_file_under_another_name_is_known_by_its_audio(applied, here, data, tmp_path):
    trained = json.loads((applied.train / "files.json").read_text())
    uri = min(trained).partition("/")[2]
    path = tmp_path / "renamed.wav"
    shutil.copy2(data / "tut" / "audio" / "street" / f"{uri}.wav", path)
    result = here("dcase", "apply", "--cpu", applied.validate, path)
    assert result.code == 0 and "Warning: the model was trained on 1 of 1 file (" in result.err


def retrain(folders, epoch, other):
    """Let an epoch have the weights of another one, and the validation know them."""
    weights = folders.train / "weights"
    for end in (".pt", ".state.pt", ".json"):
        shutil.copy(weights / f"{other:04d}{end}", weights / f"{epoch:04d}{end}")
    manifest = weights / f"{epoch:04d}.json"
    content = json.loads(manifest.read_text().replace(f"{other:04d}", f"{epoch:04d}"))
    manifest.write_text(json.dumps({**content, "epoch": epoch}))
    path = folders.validate / "params.yml"
    params = yaml.safe_load(path.read_text())
    params["weights"] = {epoch: content["sha256"][f"{epoch:04d}.pt"][:16]}
    path.write_text(yaml.safe_dump(params))


def test_embeddings_of_other_options_or_weights_are_not_mixed(embedded_copy, emb, corpora):
    validate, ami = embedded_copy.validate, "AMI.SpeakerDiarization.MixHeadset"
    apply = ("apply", "--cpu", "--duration=1.0")
    # other tests may have applied the original
    shutil.rmtree(validate / "apply", ignore_errors=True)
    assert emb(*apply, validate, ami).err == ""
    (meeting,) = (name for name in content(embedded_copy.applied) if name.endswith(".npy"))
    sources = {name: embedded_copy.applied / f"{name}.test.provenance.json" for name in (ami, VOXCELEB)}
    assert [path.is_file() for path in sources.values()] == [True, False]
    assert emb(*apply, validate, embedded_copy.protocol).err == ""
    both = {name: data for name, data in content(embedded_copy.applied).items() if name.endswith(".npy")}
    assert meeting in both and len(both) > 2
    assert [path.is_file() for path in sources.values()] == [True, True]
    # windows lie in time as before, but the network is another one
    epoch = int(embedded_copy.applied.name)
    retrain(embedded_copy, epoch, other=1 + epoch % 3)
    result = emb(*apply, validate, ami)
    assert result.code == 0 and f"held scores of {len(both) - 1} other files" in result.err
    after = {name: data for name, data in content(embedded_copy.applied).items() if name.endswith(".npy")}
    assert after.keys() == {meeting} and after[meeting] != both[meeting]
    # the one of embeddings that are gone is gone with them
    assert [path.is_file() for path in sources.values()] == [True, False]


def test_embeddings_tell_what_they_depend_on_and_which_files_the_model_has_seen(embedded_copy, emb, corpora):
    validate = embedded_copy.validate
    shutil.rmtree(validate / "apply", ignore_errors=True)
    result = emb("apply", "--cpu", validate, VOXCELEB)
    assert result.err == ""
    test = ApplyFolder(embedded_copy.applied).run(f"{VOXCELEB}.test")
    lists = corpora.root / "voxceleb" / "lists"
    listed = {subset: (lists / f"VoxCeleb1.{subset}.lst").read_text().split() for subset in ("train", "test")}
    assert list(test.files) == [f"VoxCeleb/{uri}" for uri in listed["test"]] and test.seen == []
    epoch = int(embedded_copy.applied.name)
    assert list(test.scores["weights"]) == [str(epoch)] and test.scores["step"] > 0

    result = emb("apply", "--cpu", "--subset=train", validate, VOXCELEB)
    count = len(listed["train"])
    said = f"Warning: the model was trained on {count} of {count} files ('VoxCeleb/"
    assert result.code == 0 and said in result.err
    train = ApplyFolder(embedded_copy.applied).run(f"{VOXCELEB}.train")
    assert train.seen == [f"VoxCeleb/{uri}" for uri in listed["train"]] and train.scores == test.scores

    heard = corpora.wav("dev", listed["train"][0])
    result = emb("apply", "--cpu", validate, heard)
    assert "the model was trained on 1 of 1 file (" in result.err
    assert "1 file, " in result.out
