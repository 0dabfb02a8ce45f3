"""Make a small SYNTHETIC data set in the layout of TUT Sound Events 2017, to try the commands with.

Usage:
  demonstration.py [options] <output>
  demonstration.py -h | --help

Options:
  --files=N    Number of recordings, 4 or more. [default: 8]
  --seconds=S  Duration of each, 10 or more. [default: 30]
  --seed=N     Another number makes other sounds. [default: 0]
  -h --help    Show this.
"""

import sys

from docopt import docopt

from pyannote.audio.applications.terminal import run
from pyannote.audio.core.errors import UsageError
from pyannote.audio.database.demonstration import make_demonstration


def main() -> None:
    """Run the command."""
    arguments = docopt(__doc__)
    try:
        files, seed = int(arguments["--files"]), int(arguments["--seed"])
        seconds = float(arguments["--seconds"])
    except ValueError as error:
        raise UsageError(f"An option is not a number ({error}).", fix="Correct it.") from None
    path = make_demonstration(arguments["<output>"], files=files, seconds=seconds, seed=seed)
    print(f"{path} holds {files} synthetic recordings.")


if __name__ == "__main__":
    sys.exit(run(main))
