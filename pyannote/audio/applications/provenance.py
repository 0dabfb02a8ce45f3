"""The stored configuration of a training, and its comparison with what a resumed training would use."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from itertools import islice
from typing import Any, NamedTuple

from pyannote.audio import __version__
from pyannote.audio.applications.corpus import Corpus
from pyannote.audio.applications.options import TrainOptions
from pyannote.audio.applications.terminal import warn
from pyannote.audio.config.resolved import code_of, differences, dumped
from pyannote.audio.config.schema import Config
from pyannote.audio.core.counted import counted
from pyannote.audio.core.digests import digest
from pyannote.audio.core.errors import CheckpointError, ConfigError, DataError, ToolkitError
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.database.contents import changes, contents_of
from pyannote.audio.database.label_spelling import spelling_of
from pyannote.audio.database.protocols import Recording
from pyannote.audio.inference.stored_config import model_digest, origin_of, stored_config
from pyannote.audio.io.checkpoint import Origin
from pyannote.audio.io.experiment_folders import TrainFolder
from pyannote.audio.io.storage import digest_of
from pyannote.audio.io.yaml_files import write_yaml

LIBRARIES = ("torch", "numpy", "librosa", "soundfile", "soxr")
"""Libraries whose versions are stored."""

SHOWN = 5
"""Changes that an error or a warning names."""

ACCEPT = "Undo the change, or go on with --accept-changes, which stores it."
EARLIER = "this training began with an earlier version, which did not store its configuration"


class Change(NamedTuple):
    """Something that differs from what a training began with.

    Parameters
    ----------
    what : str
        A clause, such as "task.batch_size was 32 and is 16".
    error : ToolkitError
        Error that refuses it.
    """

    what: str
    error: ToolkitError


class Provenance:
    """Inputs of a training: configuration, code, versions, recordings.

    Parameters
    ----------
    corpus : Corpus
    specifications : Specifications
        Inputs and classes of its model.
    files : sequence of Recording
        Training files, as they are in the protocol.
    options : TrainOptions
        Options of the command line.
    """

    def __init__(
        self,
        corpus: Corpus,
        specifications: Specifications,
        files: Sequence[Recording],
        options: TrainOptions,
    ) -> None:
        self.options, self.specifications = options, specifications
        self.config = corpus.recipe.resolved
        self.code = code_of(self.config, corpus.recipe.shelf)
        self.model = model_digest(self.config, corpus.recipe.extraction, specifications)
        self.files = contents_of(files, corpus.store.contents(files))
        self.sounds = corpus.sounds_digest(files)
        self.pretrained = None if options.pretrained is None else _file_digest(options)
        # speakers of an embedding are not written anywhere
        composition = specifications.composition
        self.spelling = {} if composition is None else composition.spelled(spelling_of(options.protocol))
        self.origin = Origin(self.model)

    def write(self, folder: TrainFolder, history: Sequence[Mapping[str, Any]] = ()) -> None:
        """Store it beside the weights; `history` tells of changes that were accepted."""
        files = folder.write_files(self.files)
        provenance: dict[str, Any] = {
            "protocol": self.options.protocol,
            "subset": self.options.trained,
            "seed": self.options.seed,
            "versions": versions(),
            "code": self.code,
            "model": self.model,
            "files": files,
            "sounds": self.sounds,
            "pretrained": self.pretrained,
            "spelling": self.spelling,
            "changes": list(history),
        }
        content = {**dumped(self.config), "provenance": provenance}
        provenance["training"] = digest(content)
        write_yaml(folder.config, content)
        self.origin = origin_of(provenance)

    def resume(self, folder: TrainFolder, epoch: int) -> None:
        """Compare it with what a training began with, which goes on after an epoch.

        Changes are refused, or stored if the command line accepts them. Those of features, architecture and
        classes are always refused: to the weights, they would be other inputs and outputs.

        Raises
        ------
        ConfigError, DataError
            For the first change, with the others named.
        """
        stored = stored_config(folder)
        if stored is None:
            warn(f"{EARLIER}: what has changed since cannot be told. It is stored from now on.")
            # its specs.yml does not say what classes are made of, and the digest of the model covers that
            folder.check_specifications(self.specifications)
            folder.write_specifications(self.specifications)
            self._store(folder, epoch, {}, [EARLIER])
            return
        before = dict(stored.provenance or {})
        found = list(self._changes(stored, before, folder))
        if before.get("model") != self.model:
            raise _unacceptable(found, folder)
        if found and not self.options.accept_changes:
            raise _together(found)
        self.origin = origin_of(before)
        if found:
            warn(f"{_listed([change.what for change in found])}. This is stored.")
            self.pretrained = before.get("pretrained")
            self._store(folder, epoch, before, [change.what for change in found])

    def _store(self, folder: TrainFolder, epoch: int, before: Mapping[str, Any], found: list[str]) -> None:
        """Store accepted changes; epochs until now remain those of the training before them."""
        entry = {"after": epoch, "training": before.get("training"), "versions": versions(), "changed": found}
        self.write(folder, [*(before.get("changes") or []), entry])

    def _changes(self, stored: Config, before: Mapping[str, Any], folder: TrainFolder) -> Iterator[Change]:
        document = self.config.document
        for one in differences(dumped(stored), dumped(self.config)):
            sentence = f"Since this training began, a value has changed: {one}."
            yield Change(str(one), document.error(one.where, sentence, fix=ACCEPT))
        now = {"seed": self.options.seed, "sounds": self.sounds}
        names = {"seed": "the seed (--seed)", "sounds": "the sounds that augmentations add"}
        for key, value in now.items():
            if before.get(key) != value:
                yield _changed(f"{names[key]} was {before.get(key)} and is {value}", ConfigError)
        for name in sorted({*before.get("code", {}), *self.code}):
            if before.get("code", {}).get(name) != self.code.get(name):
                yield _changed(f"the code of {name} (--code) has changed", ConfigError)
        for what in self._data_changes(before, folder):
            yield _changed(what, DataError)

    def _data_changes(self, before: Mapping[str, Any], folder: TrainFolder) -> Iterator[str]:
        try:
            trained_on = folder.trained_on(str(before.get("files")))
        except CheckpointError:
            if not self.options.accept_changes:
                raise
            yield "the table of training files was missing or damaged"
            return
        yield from changes(trained_on, self.files)


def versions() -> dict[str, str]:
    """Versions of the toolkit, of Python and of the libraries that numbers depend on."""
    found = {"pyannote.audio": __version__, "python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _file_digest(options: TrainOptions) -> str | None:
    assert options.pretrained is not None
    try:
        with options.pretrained.open("rb") as stream:
            return digest_of(stream)
    except OSError:
        # the reader of weights says why
        return None


def _changed(what: str, kind: type[ToolkitError]) -> Change:
    return Change(what, kind(f"Since this training began, {what}.", fix=ACCEPT))


def _listed(what: Sequence[str]) -> str:
    more = len(what) - SHOWN
    return "; ".join(islice(what, SHOWN)) + (f"; and {counted(more, 'more change')}" if more > 0 else "")


def _together(found: Sequence[Change]) -> ToolkitError:
    """The error of the first change, with the others named."""
    first = found[0].error
    if not found[1:]:
        return first
    others = f"{first.message} Other changes: {_listed([change.what for change in found[1:]])}."
    return type(first)(others, file=first.file, line=first.line, fix=first.fix)


def _unacceptable(found: Sequence[Change], folder: TrainFolder) -> ToolkitError:
    """Features, architecture or classes have changed."""
    fix = (
        "Undo the change, or train in another folder (--pretrained begins with these weights): other "
        "features, classes or networks cannot be accepted."
    )
    if not found:
        found = [_changed("the code of features has changed with the toolkit", ConfigError)]
    error = _together(found)
    return type(error)(error.message, file=error.file or folder.config, line=error.line, fix=fix)
