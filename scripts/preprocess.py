"""Prepare TUT Sound Events 2017 (or any data set in its layout) for `pyannote-audio`.

Usage:
  preprocess.py <folder> <output>
  preprocess.py -h | --help

<folder>   the development folder, or a folder that holds it and the evaluation folder
<output>   folder for RTTM, UEM and LST files and database.yml

Options:
  -h --help   Show this.
"""

import sys

from docopt import docopt

from pyannote.audio.core.errors import ToolkitError
from pyannote.audio.database.tut2017 import prepare


def main() -> int:
    """Run the command and return its exit status."""
    arguments = docopt(__doc__)
    try:
        path = prepare(arguments["<folder>"], arguments["<output>"])
    except ToolkitError as error:
        print(error, file=sys.stderr)
        return error.code
    print(f"{path} is ready.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
