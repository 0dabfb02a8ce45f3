"""Blocks: commands that train one kind of class, with a measure and a pipeline."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from pyannote.audio.applications.arguments import help_of

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray
    from pyannote.core import SlidingWindow

    from pyannote.audio.applications.corpus import Corpus
    from pyannote.audio.database.protocols import Recording
    from pyannote.audio.inference.bundle import Bundle
    from pyannote.audio.io.apply_folders import ApplyFolder
    from pyannote.audio.store.feature_store import FeatureStore
    from pyannote.audio.validation.measure import Measure


class AppliedFiles(Protocol):
    """Results of applying a model to recordings.

    Attributes
    ----------
    results : sequence of Path
        Files that follow from the frames, in the order in which they are written.
    """

    results: Sequence[Path]

    def close(self, answers: Sequence[Any]) -> None:
        """Write results from the answers for all recordings, and say what they are."""


class Applier(Protocol):
    """A trained model, ready to be applied to recordings: frames of scores or embeddings, and an answer.

    Attributes
    ----------
    folder : str
        Name of the folder of results, below `apply/`.
    classes : list of str, optional
        Column of each class, where frames are scores.
    """

    folder: str
    classes: list[str] | None

    @property
    def bundles(self) -> Sequence[Bundle]:
        """The trained model, or those of several trainings."""

    @property
    def provenance(self) -> Mapping[str, Any]:
        """All that frames depend on beside the audio."""

    @property
    def sliding_window(self) -> SlidingWindow:
        """Position of frames in time."""

    @property
    def dimension(self) -> int:
        """Values of a frame."""

    def open(
        self, folder: ApplyFolder, name: str, files: Sequence[Recording], corpus: Corpus
    ) -> AppliedFiles:
        """Begin to apply it to recordings, which are checked before the work.

        Parameters
        ----------
        folder : ApplyFolder
            Folder of the results.
        name : str
            Of the results, such as `<Protocol>.<subset>`.
        files : sequence of Recording
        corpus : Corpus

        Raises
        ------
        DataError
            If their results could not be told apart.
        """

    def each(self, files: Sequence[Recording], corpus: Corpus) -> Iterator[NDArray[np.float32]]:
        """Frames of each recording, in order."""

    def one(self, file: Recording, store: FeatureStore) -> NDArray[np.float32]:
        """Frames of a recording."""

    def answer(self, frames: NDArray[np.float32], file: Recording) -> Any:
        """Answer that follows from the frames of a recording."""


Apply = Callable[[Sequence[Path], Any, "torch.device"], Applier]
"""Makes an applier from the folders of validations, options of `apply` and a device."""


@dataclass(frozen=True)
class Command:
    """A command of a block: the function of its name in the module of its name, in `applications/`.

    Parameters
    ----------
    about : str
        Its help begins with this.
    options : type
        Dataclass of `applications.options`.
    """

    about: str
    options: type[Any]


@dataclass(frozen=True)
class Block:
    """Commands of `pyannote-audio <block>`.

    Parameters
    ----------
    about : str
        A line of `pyannote-audio --help`.
    shelf : {"task", "approach"}
        Kind of class that is trained.
    measure : callable
        Makes the measure of a validation from a corpus, a trained model and options.
    apply : callable
        Makes the applier (see `Apply`).
    commands : mapping of str to Command
    """

    about: str
    shelf: Literal["task", "approach"]
    measure: Callable[[Corpus, Bundle, Any], Measure]
    apply: Apply
    commands: Mapping[str, Command] = field(default_factory=dict)

    def texts(self, program: str) -> dict[str, str]:
        """Help of each command of a program, such as "pyannote-audio dcase"."""
        return {
            name: help_of(command.options, f"{program} {name}", command.about)
            for name, command in self.commands.items()
        }


def blocks() -> dict[str, Block]:
    """All blocks by their names: `BLOCK` of each file of this folder whose name begins with a letter.

    Examples
    --------
    >>> sorted(blocks())
    ['dcase', 'emb', 'mlt']
    """
    folders = import_module(str(__package__)).__path__
    names = sorted({file.stem for folder in folders for file in Path(folder).glob("[a-z]*.py")})
    return {name: block(name) for name in names if name != Path(__file__).stem}


def block(name: str) -> Block:
    """Block of a name."""
    found: Block = import_module(f"{__package__}.{name}").BLOCK
    return found
