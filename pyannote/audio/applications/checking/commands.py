"""The command line of `pyannote-audio check`."""

from __future__ import annotations

import os
from pathlib import Path

from pyannote.audio.applications.arguments import CODE, Arguments, number

CHECK = f"""Look at a configuration and a data set before anyone trains, and say what was found.

Usage: pyannote-audio check [--cpu | --gpu] [options] <root> [<protocol>]

Without <protocol>, <root>/config.yml is looked at alone.

Options:
  --quick            Decode no audio, and measure no batches.
  --json             Print everything as JSON, for programs.
  --to=N             How long so many epochs would take is said as well.
{CODE}  --cpu              Compute on the CPU.
  --gpu              Compute on the GPU (default: if there is one).
  --parallel=N       Read that many files at once [default: %d].
  --debug            Show tracebacks.
  -h, --help         Show this text.

Exit status: 0 if nothing was found, 10 if there are warnings alone. If `train` or `validate` would refuse
something: 3 if the configuration is wrong whatever the data are, 4 if data and configuration do not fit.
"""


def texts() -> dict[str, str]:
    """Help of the command."""
    return {"check": CHECK % max(1, (os.cpu_count() or 2) - 1)}


def _check(arguments: Arguments) -> int:
    from pyannote.audio.applications.check import CheckOptions, check

    return check(
        CheckOptions(
            root=Path(arguments["<root>"]),
            protocol=arguments["<protocol>"],
            quick=arguments["--quick"],
            json=arguments["--json"],
            last=number(arguments, "--to", int, 1),
            cpu=arguments["--cpu"],
            gpu=arguments["--gpu"],
            parallel=number(arguments, "--parallel", int, 1, 1024),
            debug=arguments["--debug"],
        )
    )


RUN = {"check": _check}
