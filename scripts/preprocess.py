"""Prepare TUT Sound Events 2017 (or any data set in its layout) for `pyannote-audio`.

Usage:
  preprocess.py [--labels=FILE] <folder> <output>
  preprocess.py -h | --help

<folder>   the development folder, or a folder that holds it and the evaluation folder
<output>   folder for RTTM, UEM and LST files and database.yml

Options:
  --labels=FILE  YAML file of lines `label: class`: labels of one class are merged, and those of `null` left
                 out.
  -h --help      Show this.
"""

import sys

from pyannote.audio.applications.arguments import script_arguments
from pyannote.audio.applications.terminal import run
from pyannote.audio.database.corpora.tut2017 import prepare


def main() -> None:
    """Run the command."""
    arguments = script_arguments(__doc__)
    path = prepare(arguments["<folder>"], arguments["<output>"])
    print(f"{path} is ready.")


if __name__ == "__main__":
    sys.exit(run(main))
