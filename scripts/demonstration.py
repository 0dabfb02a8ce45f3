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

from pyannote.audio.core.errors import ToolkitError, UsageError
from pyannote.audio.database.demonstration import make_demonstration


def main() -> int:
    """Run the command and return its exit status."""
    arguments = docopt(__doc__)
    try:
        try:
            files, seed = int(arguments["--files"]), int(arguments["--seed"])
            seconds = float(arguments["--seconds"])
        except ValueError as error:
            raise UsageError(f"An option is not a number ({error}).", fix="Correct it.") from None
        path = make_demonstration(arguments["<output>"], files=files, seconds=seconds, seed=seed)
    except ToolkitError as error:
        print(error, file=sys.stderr)
        return error.code
    print(f"{path} holds {files} synthetic recordings.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
