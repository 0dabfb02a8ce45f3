"""The command `pyannote-audio`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pyannote.audio import __version__
from pyannote.audio.core.errors import UsageError

USAGE = """Train, validate, apply and score small audio networks.

Usage:
  pyannote-audio <block> train    [options] <root>     <protocol>
  pyannote-audio <block> validate [options] <train>    <protocol>
  pyannote-audio <block> apply    [options] <validate> <protocol>
  pyannote-audio <block> evaluate [options] <apply>...
  pyannote-audio <block> <command> --help
  pyannote-audio --help
  pyannote-audio --version

Blocks:
  dcase    Sound event detection with short-term and long-term input (DCASE 2017 task 3).
  mlt      Multilabel detection.

Folders:
  <root>/config.yml                                    what to train; you write it
  <root>/train/<protocol>.<subset>                     <train>: epochs of `train`
  <train>/validate_<metric>/<protocol>.<subset>        <validate>: best epochs and thresholds of `validate`
  <validate>/apply/<epochs>                            <apply>: scores, events and figures of `apply`

Protocols are those of pyannote.database: name their database.yml in PYANNOTE_DATABASE_CONFIG.
Features are cached in $PYANNOTE_AUDIO_CACHE (default: ~/.cache/pyannote.audio).
"""

COMMON = """\
  --cpu              Compute on the CPU.
  --gpu              Compute on the GPU (default: if there is one).
  --parallel=N       Read that many files at once [default: {parallel}].
  --debug            Show tracebacks, and look for NaN in gradients.
  -h, --help         Show this text.
"""

TRAIN = """Train a model as <root>/config.yml says.

Usage: pyannote-audio {block} train [--cpu | --gpu] [options] <root> <protocol>

Options:
  --subset=S         Files to train on [default: train].
  --from=N           Go on after epoch N, or after the `last` one; later epochs are replaced [default: 0].
  --to=N             Train up to this epoch [default: 100].
  --seed=N           Seed of all that is random [default: 0].
  --pretrained=FILE  Start from these weights.
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
  --output=FILE      Write the figures there, as JSON.
  --debug            Show tracebacks.
  -h, --help         Show this text.
"""

BLOCKS = ("dcase", "mlt")
COMMANDS = {"train": TRAIN, "validate": VALIDATE, "apply": APPLY, "evaluate": EVALUATE}
HELP = ("-h", "--help")


def main(argv: list[str] | None = None) -> None:
    """Entry point: run the command, and exit with its status."""
    sys.exit(run(sys.argv[1:] if argv is None else argv))


def run(argv: list[str]) -> int:
    """Run a command line, and return its exit status.

    Examples
    --------
    >>> run(["--version"])
    1.2.0+dcase
    0
    """
    from pyannote.audio.applications import terminal

    return terminal.run(lambda: _dispatch(argv), debug="--debug" in argv)


def _dispatch(argv: list[str]) -> None:
    if not argv or argv[0] in HELP or (argv[0] in BLOCKS and (not argv[1:] or argv[1] in HELP)):
        print(USAGE, end="")
        return
    if argv == ["--version"]:
        print(__version__)
        return
    block = _one_of("block", argv[0], BLOCKS)
    command = _one_of("command", argv[1] if len(argv) > 1 else "", tuple(COMMANDS))
    common = COMMON.format(parallel=max(1, (os.cpu_count() or 2) - 1))
    arguments = _parse(COMMANDS[command].format(block=block, common=common), argv[2:], [block, command])
    if arguments is not None:
        _RUN[command](arguments)


def _one_of(kind: str, given: str, allowed: tuple[str, ...]) -> str:
    if given in allowed:
        return given
    close = get_close_matches(given, allowed, n=1)
    fix = f"Did you mean {close[0]!r}?" if close else "See pyannote-audio --help."
    raise UsageError(f"There is no {kind} {given!r}; there are {', '.join(allowed)}.", fix=fix)


def _parse(text: str, argv: list[str], words: list[str]) -> dict[str, Any] | None:
    """Arguments by name, or None if help was asked for."""
    import re

    import docopt

    if any(word in HELP for word in argv):
        print(text, end="")
        return None
    known = sorted(set(re.findall(r"--[a-z]+", text)))
    for word in argv:
        option = word.partition("=")[0]
        if word.startswith("--") and option not in known:
            close = get_close_matches(option, known, n=1)
            fix = f"Did you mean {close[0]}?" if close else f"See pyannote-audio {' '.join(words)} --help."
            raise UsageError(f"There is no option {option}; there are {', '.join(known)}.", fix=fix)
    usage = re.search(r"Usage: (.*)", text)
    try:
        parsed = docopt.docopt(text, argv=words + argv, default_help=False)
    except docopt.DocoptExit:
        raise UsageError(
            f"This does not fit: {usage.group(1) if usage else ''}",
            fix=f"See pyannote-audio {' '.join(words)} --help.",
        ) from None
    return {name: value for name, value in parsed.items() if name not in words}


def _number(
    arguments: dict[str, Any], name: str, kind: Callable[[str], Any], least: float, most: float
) -> Any:
    """Value of an option, or None."""
    given = arguments[name]
    if given is None:
        return None
    try:
        value = kind(given)
    except ValueError:
        value = None
    if value is None or not least <= value <= most:
        what = "a whole number" if kind is int else "a number"
        limits = f"from {least:g} to {most:g}" if most < float("inf") else f"of at least {least:g}"
        raise UsageError(f"{name} must be {what} {limits}, not {given!r}.")
    return value


def _epoch(arguments: dict[str, Any], name: str) -> Any:
    return "last" if arguments[name] == "last" else _number(arguments, name, int, 0, float("inf"))


def _compute(arguments: dict[str, Any]) -> dict[str, Any]:
    """Options that all commands share."""
    return {
        "subset": _one_of("subset", arguments["--subset"], ("train", "development", "test")),
        "cpu": arguments["--cpu"],
        "gpu": arguments["--gpu"],
        "parallel": _number(arguments, "--parallel", int, 1, 1024),
    }


def _train(arguments: dict[str, Any]) -> None:
    from pyannote.audio.applications.train import TrainOptions, train

    train(
        TrainOptions(
            root=Path(arguments["<root>"]),
            protocol=arguments["<protocol>"],
            first=_epoch(arguments, "--from"),
            last=_number(arguments, "--to", int, 1, float("inf")),
            seed=_number(arguments, "--seed", int, 0, 2**31),
            debug=arguments["--debug"],
            pretrained=Path(arguments["--pretrained"]) if arguments["--pretrained"] else None,
            validate=arguments["--validate"],
            **_compute(arguments),
        )
    )


def _validate(arguments: dict[str, Any]) -> None:
    from pyannote.audio.applications.validate import validate
    from pyannote.audio.applications.validator import ValidateOptions

    validate(
        ValidateOptions(
            train=Path(arguments["<train>"]),
            protocol=arguments["<protocol>"],
            first=_epoch(arguments, "--from"),
            last=_number(arguments, "--to", int, 1, float("inf")),
            every=_number(arguments, "--every", int, 1, float("inf")),
            evergreen=arguments["--evergreen"],
            batch=_number(arguments, "--batch", int, 1, 1 << 20),
            step=_number(arguments, "--step", float, 0.001, 1),
            duration=_number(arguments, "--duration", float, 0.001, 86400),
            criterion=_one_of("criterion", arguments["--criterion"], ("balanced", "fscore", "error_rate")),  # type: ignore[arg-type]
            unit=_one_of("unit", arguments["--unit"], ("segments", "frames")),  # type: ignore[arg-type]
            precision=_number(arguments, "--precision", float, 0.001, 1),
            prior=_number(arguments, "--prior", float, 0, 1000),
            tolerance=_number(arguments, "--tolerance", float, 0, 1000),
            shortest=_number(arguments, "--shortest", float, 0, 3600),
            **_compute(arguments),
        )
    )


def _apply(arguments: dict[str, Any]) -> None:
    from pyannote.audio.applications.apply import ApplyOptions, apply

    apply(
        ApplyOptions(
            validate=Path(arguments["<validate>"]),
            protocol=arguments["<protocol>"],
            selection=_one_of("selection", arguments["--selection"], ("class-wise", "global")),  # type: ignore[arg-type]
            batch=_number(arguments, "--batch", int, 1, 1 << 20),
            step=_number(arguments, "--step", float, 0.001, 1),
            duration=_number(arguments, "--duration", float, 0.001, 86400),
            **_compute(arguments),
        )
    )


def _evaluate(arguments: dict[str, Any]) -> None:
    from pyannote.audio.applications.evaluate import EvaluateOptions, evaluate

    output = Path(arguments["--output"]) if arguments["--output"] else None
    evaluate(EvaluateOptions(tuple(Path(folder) for folder in arguments["<apply>"]), output))


_RUN: dict[str, Callable[[dict[str, Any]], None]] = {
    "train": _train,
    "validate": _validate,
    "apply": _apply,
    "evaluate": _evaluate,
}

if __name__ == "__main__":
    main()
