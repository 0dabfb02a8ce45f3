"""The command lines of the blocks that detect sound events."""

from __future__ import annotations

from pathlib import Path

from pyannote.audio.applications.arguments import (
    SUBSETS,
    Arguments,
    acceleration,
    common_options,
    compute,
    epoch,
    number,
    one_of,
)

TRAIN = """Train a model as <root>/config.yml says.

Usage: pyannote-audio {block} train [--cpu | --gpu] [options] <root> <protocol>

Options:
  --subset=S         Files to train on [default: train].
  --from=N           Go on after epoch N, or after the `last` one; later epochs are replaced [default: 0].
  --accept-changes   Go on though configuration, recordings or annotation have changed, and store that.
  --to=N             Train up to this epoch [default: 100].
  --seed=N           Seed of all that is random [default: 0].
  --skip=SHARE       Leave out files that cannot be read, up to this share of them [default: 0.1].
  --pretrained=FILE  Start from these weights.
  --mixed=M          Multiply in bfloat16: on, off, or auto (where it was measured to pay) [default: auto].
  --compile=C        Compile the network with torch.compile: on, off, or auto [default: auto].
  --graphs=G         Record steps on a GPU as a CUDA graph, and replay it: on, off, or auto [default: auto].
  --validate         Validate on the development files after each epoch, and stop when no class improves
                     (EarlyStopping below `callbacks:` in config.yml).
{common}"""

VALIDATE = """Find the best epoch and threshold of each class, beside a training or after it.

Usage: pyannote-audio {block} validate [--cpu | --gpu] [options] <train> <protocol>

Options:
  --subset=S         Files to validate on [default: development].
  --from=N           First epoch, or the `last` one [default: 0].
  --to=N             Last epoch (default: until training has ended).
  --every=N          Validate epochs that are multiples of it [default: 1].
  --evergreen        Take the newest epoch first.
  --criterion=M      What epochs and thresholds are selected for, for each class: fscore, error_rate, or
                     balanced (the former minus the latter) [default: balanced].
  --unit=U           On what: segments (of 1 s) or frames [default: segments].
  --precision=P      Maximise recall at this precision or more, instead.
  --prior=W          What the distance of a threshold from 0.5 costs; 0: the plain best one [default: 2].
  --tolerance=T      How much worse than the best a later epoch may be and still be taken; a class takes
                     one of its own if that is better by ten times as much. 0: the plain best [default: 0.05].
  --shortest=S       Let each class choose whether events and gaps of less than S seconds are dropped and
                     closed; 0: none does [default: 0.5].
  --batch=N          Chunks that are computed at once [default: 32].
  --duration=D       Duration of a chunk in seconds (default: that of training).
  --step=R           From one chunk to the next, as a share of the chunk [default: 0.25].
{common}"""

APPLY = """Apply what a validation has chosen to the files of a protocol, or to one audio file.

Usage: pyannote-audio {block} apply [--cpu | --gpu] [options] <validate> <protocol>

Options:
  --subset=S         Files to apply it to [default: test].
  --selection=S      class-wise (an epoch for each class) or global (one for all) [default: class-wise].
  --batch=N          Chunks that are computed at once [default: 32].
  --duration=D       Duration of a chunk in seconds (default: that of training).
  --step=R           From one chunk to the next, as a share of the chunk [default: 0.25].
{common}"""

EVALUATE = """Pool folders of `apply`, such as those of several folds, into one official evaluation.

Usage: pyannote-audio {block} evaluate [options] <apply>...

Options:
  --subset=S         Results of train, development or test files; files that the model was trained on are
                     refused [default: test].
  --protocol=P       Results of this protocol, where a folder holds those of several.
  --output=FILE      Write the figures there, as JSON.
  --debug            Show tracebacks.
  -h, --help         Show this text.
"""


def texts(block: str) -> dict[str, str]:
    """Help of each command of a block."""
    common = common_options()
    given = {"train": TRAIN, "validate": VALIDATE, "apply": APPLY, "evaluate": EVALUATE}
    return {command: text.format(block=block, common=common) for command, text in given.items()}


def _train(arguments: Arguments) -> None:
    from pyannote.audio.applications.labeling.experiment import LabelingExperiment
    from pyannote.audio.applications.learner import TrainOptions
    from pyannote.audio.applications.train import train

    train(
        LabelingExperiment,
        TrainOptions(
            root=Path(arguments["<root>"]),
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


def _validate(arguments: Arguments) -> None:
    from pyannote.audio.applications.labeling.experiment import LabelingExperiment
    from pyannote.audio.applications.labeling.validator import DetectionOptions
    from pyannote.audio.applications.validate import validate

    validate(
        LabelingExperiment,
        DetectionOptions(
            train=Path(arguments["<train>"]),
            protocol=arguments["<protocol>"],
            first=epoch(arguments, "--from"),
            last=number(arguments, "--to", int, 1),
            every=number(arguments, "--every", int, 1),
            evergreen=arguments["--evergreen"],
            batch=number(arguments, "--batch", int, 1, 1 << 20),
            step=number(arguments, "--step", float, 0.001, 1),
            duration=number(arguments, "--duration", float, 0.001, 86400),
            criterion=one_of("criterion", arguments["--criterion"], ("balanced", "fscore", "error_rate")),
            unit=one_of("unit", arguments["--unit"], ("segments", "frames")),
            precision=number(arguments, "--precision", float, 0.001, 1),
            prior=number(arguments, "--prior", float, 0, 1000),
            tolerance=number(arguments, "--tolerance", float, 0, 1000),
            shortest=number(arguments, "--shortest", float, 0, 3600),
            **compute(arguments),
        ),
    )


def _apply(arguments: Arguments) -> None:
    from pyannote.audio.applications.labeling.apply import ApplyOptions, apply

    apply(
        ApplyOptions(
            validate=Path(arguments["<validate>"]),
            protocol=arguments["<protocol>"],
            selection=one_of("selection", arguments["--selection"], ("class-wise", "global")),
            batch=number(arguments, "--batch", int, 1, 1 << 20),
            step=number(arguments, "--step", float, 0.001, 1),
            duration=number(arguments, "--duration", float, 0.001, 86400),
            **compute(arguments),
        )
    )


def _evaluate(arguments: Arguments) -> None:
    from pyannote.audio.applications.labeling.evaluate import EvaluateOptions, evaluate

    evaluate(
        EvaluateOptions(
            folders=tuple(Path(folder) for folder in arguments["<apply>"]),
            output=Path(arguments["--output"]) if arguments["--output"] else None,
            subset=one_of("subset", arguments["--subset"], SUBSETS),
            protocol=arguments["--protocol"],
        )
    )


RUN = {"train": _train, "validate": _validate, "apply": _apply, "evaluate": _evaluate}
