"""The command lines of speaker embedding, in both dialects: `pyannote-audio emb`, and that of 2019."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pyannote.audio.applications.arguments import (
    CODE,
    Arguments,
    Command,
    acceleration,
    common_options,
    compute,
    epoch,
    number,
    one_of,
)

TRAIN = """Train a speaker embedding as {root}/config.yml says.

Usage: {program} train [--cpu | --gpu] [options] {root} <protocol>

Options:
  --subset=S         Files to train on [default: train].
  --from=N           Go on after epoch N, or after the `last` one; later epochs are replaced [default: 0].
  --accept-changes   Go on though configuration, recordings or annotation have changed, and store that.
  --to=N             Train up to this epoch{to}.
  --seed=N           Seed of all that is random [default: 0].
  --skip=SHARE       Leave out files that cannot be read, or in which nobody can be heard, up to this share of
                     all [default: 0.1].
  --pretrained=FILE  Start from these weights.
  --mixed=M          Multiply in bfloat16: on, off, or auto (where it was measured to pay) [default: auto].
  --compile=C        Compile the network with torch.compile: on, off, or auto [default: auto].
  --graphs=G         Record steps on a GPU as a CUDA graph, and replay it: on, off, or auto [default: auto].
  --validate         Validate on the development files after each epoch, and stop when the measure does not
                     improve (EarlyStopping below `callbacks:` in config.yml).
{common}"""

VALIDATE = """Find the best epoch, beside a training or after it: by the equal error rate of trials (a
protocol of the task SpeakerVerification), or by clustering the turns of each file (SpeakerDiarization;
where each file has one speaker only, pairs of files are compared instead).

Usage: {program} validate [--cpu | --gpu] [options] {train} <protocol>

Options:
  --subset=S         Files to validate on [default: development].
  --from=N           First epoch, or the `last` one [default: 0].
  --to=N             Last epoch (default: until training has ended).
  --every=N          Validate epochs that are multiples of it [default: 1].
{order}  --metric=M         Distance: cosine, euclidean or angular (default: that of the training).
  --backend=B        Back-end that compares embeddings: its name, or a mapping of name and params as YAML
                     (default: that of the training).
  --purity=P         Maximise coverage at this purity, instead of the F-score of purity and coverage.
  --batch=N          Chunks that are computed at once [default: 32].
  --duration=D       Duration of a chunk in seconds; a recording has the mean embedding of its chunks
                     (default: the longest one of training).
{step}{common}"""

APPLY = """Embed the files of a protocol, or one audio file, on a sliding window, with the epoch that a
validation has chosen. {validate} may be {root}/validate/<protocol>.<subset> as well, where one
validation answers to it.

Usage: {program} apply [--cpu | --gpu] [options] {validate} <protocol>

Options:
  --subset=S         Files to apply it to [default: test].
  --batch=N          Windows that are computed at once [default: 32].
  --duration=D       Duration of a window in seconds (default: that of the validation).
{step}{common}"""

COMPARE = """Tell whether one speaker is heard in two audio files, by the threshold of a validation.

Usage: {program} compare [--cpu | --gpu] [options] {validate} <first> <second>

Options:
  --duration=D       Duration of a chunk in seconds (default: that of the validation).
{code}  --cpu              Compute on the CPU.
  --gpu              Compute on the GPU (default: if there is one).
  --debug            Show tracebacks.
  -h, --help         Show this text.
"""


@dataclass(frozen=True)
class Dialect:
    """What differs between the two commands.

    Parameters
    ----------
    program : str
        What stands before the words `train`, `validate` and so on.
    root, train, validate : str
        What the folders are called in the usage.
    last : int or None
        Epoch that `train` ends with by default.
    order : str
        Option for the order in which epochs are validated.
    newest_first : bool
        Whether that order is chronological only if the option is given.
    seconds : bool
        Whether --step is in seconds, instead of a share of the window.
    folder : str or None
        Folder of a validation, where it does not depend on the measure.
    """

    program: str
    root: str
    train: str
    validate: str
    last: int | None
    order: str
    newest_first: bool
    seconds: bool
    folder: str | None

    def texts(self) -> dict[str, str]:
        """Help of each command."""
        to = " (default: no end)" if self.last is None else f" [default: {self.last}]"
        order = f"  {self.order:<19}" + (
            "Take the oldest epoch first, instead of the newest.\n"
            if self.newest_first
            else "Take the newest epoch first.\n"
        )
        step = "  --step=S           From one window to the next, in seconds (default: a quarter of it).\n"
        if not self.seconds:
            step = "  --step=R           From one window to the next, as a share of it [default: 0.25].\n"
        words = {
            "program": self.program,
            "root": self.root,
            "train": self.train,
            "validate": self.validate,
            "to": to,
            "order": order,
            "step": step,
            "code": CODE,
            "common": common_options(database=self.seconds),
        }
        texts = {"train": TRAIN, "validate": VALIDATE, "apply": APPLY, "compare": COMPARE}
        return {command: text.format(**words) for command, text in texts.items()}

    def run(self) -> dict[str, Command]:
        """What each command does with its arguments."""
        return {
            "train": self._train,
            "validate": self._validate,
            "apply": self._apply,
            "compare": self._compare,
        }

    def _train(self, arguments: Arguments) -> None:
        from pyannote.audio.applications.embedding.experiment import EmbeddingExperiment
        from pyannote.audio.applications.learner import TrainOptions
        from pyannote.audio.applications.train import train

        train(
            EmbeddingExperiment,
            TrainOptions(
                root=Path(arguments[self.root]),
                protocol=arguments["<protocol>"],
                first=epoch(arguments, "--from"),
                last=number(arguments, "--to", int, 1),
                seed=number(arguments, "--seed", int, 0, 2**31),
                debug=arguments["--debug"],
                pretrained=Path(arguments["--pretrained"]) if arguments["--pretrained"] else None,
                validate=arguments["--validate"],
                skip=number(arguments, "--skip", float, 0, 1),
                accept_changes=arguments["--accept-changes"],
                **acceleration(arguments),
                **compute(arguments),
            ),
        )

    def _validate(self, arguments: Arguments) -> None:
        from pyannote.audio.applications.embedding.experiment import EmbeddingExperiment
        from pyannote.audio.applications.embedding.validator import EmbeddingOptions
        from pyannote.audio.applications.validate import validate

        metrics: tuple[Literal["cosine", "euclidean", "angular"], ...] = ("cosine", "euclidean", "angular")
        metric = arguments["--metric"]
        validate(
            EmbeddingExperiment,
            EmbeddingOptions(
                train=Path(arguments[self.train]),
                protocol=arguments["<protocol>"],
                first=epoch(arguments, "--from"),
                last=number(arguments, "--to", int, 1),
                every=number(arguments, "--every", int, 1),
                evergreen=arguments[self.order] != self.newest_first,
                metric=None if metric is None else one_of("metric", metric, metrics),
                backend=arguments["--backend"],
                purity=number(arguments, "--purity", float, 0.001, 1),
                folder=self.folder,
                batch=number(arguments, "--batch", int, 1, 1 << 20),
                duration=number(arguments, "--duration", float, 0.001, 86400),
                **self._step(arguments),
                **compute(arguments),
            ),
        )

    def _apply(self, arguments: Arguments) -> None:
        from pyannote.audio.applications.embedding.apply import ApplyOptions, apply

        apply(
            ApplyOptions(
                validate=Path(arguments[self.validate]),
                protocol=arguments["<protocol>"],
                batch=number(arguments, "--batch", int, 1, 1 << 20),
                duration=number(arguments, "--duration", float, 0.001, 86400),
                **self._step(arguments),
                **compute(arguments),
            )
        )

    def _compare(self, arguments: Arguments) -> None:
        from pyannote.audio.applications.embedding.compare import CompareOptions, compare

        compare(
            CompareOptions(
                validate=Path(arguments[self.validate]),
                first=Path(arguments["<first>"]),
                second=Path(arguments["<second>"]),
                duration=number(arguments, "--duration", float, 0.001, 86400),
                cpu=arguments["--cpu"],
                gpu=arguments["--gpu"],
            )
        )

    def _step(self, arguments: Arguments) -> dict[str, Any]:
        if self.seconds:
            return {"step_seconds": number(arguments, "--step", float, 0.001, 86400)}
        return {"step": number(arguments, "--step", float, 0.001, 1)}


EMB = Dialect(
    program="pyannote-audio emb",
    root="<root>",
    train="<train>",
    validate="<validate>",
    last=100,
    order="--evergreen",
    newest_first=False,
    seconds=False,
    folder=None,
)
SPEAKER_EMBEDDING = Dialect(
    program="pyannote-speaker-embedding",
    root="<experiment_dir>",
    train="<train_dir>",
    validate="<validate_dir>",
    last=None,
    order="--chronological",
    newest_first=True,
    seconds=True,
    folder="validate",
)


def texts(block: str) -> dict[str, str]:
    """Help of each command of the block `emb`."""
    return EMB.texts()


RUN = EMB.run()
