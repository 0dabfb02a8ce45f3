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
from collections import Counter
from pathlib import Path

from pyannote.audio.applications.arguments import script_arguments
from pyannote.audio.applications.left_over import Reason, recordings_of, say_prepared
from pyannote.audio.applications.terminal import run, say, warn
from pyannote.audio.database.corpora.annotated_file import absolute
from pyannote.audio.database.corpora.label_maps import LabelMap
from pyannote.audio.database.corpora.tut2017 import DATABASE, prepare
from pyannote.audio.database.corpora.tut2017_layout import is_list
from pyannote.audio.io.waveform import SUFFIXES


def reason(database: Path) -> Reason:
    """Reasons for which files are left out: no list names them, or they are no lists."""
    used = recordings_of(database)

    def why(path: Path) -> str | None:
        if path in used or is_list(path):
            return None
        if path.suffix.lower() in SUFFIXES:
            return "no list of evaluation_setup names it"
        if path.suffix == ".ann":
            return "read only for an evaluation set without lists of events (..._evaluate.txt)"
        return "no list such as evaluation_setup/street_fold1_train.txt"

    return why


def main() -> None:
    """Run the command."""
    arguments = script_arguments(__doc__)
    labels = LabelMap.read(Path(arguments["--labels"])) if arguments["--labels"] else None
    left_out: Counter[str] = Counter()
    path = prepare(arguments["<folder>"], arguments["<output>"], labels, left_out)
    for remark in labels.remarks() if labels else ():
        say(remark)
    for what, count in (+left_out).items():
        warn(f"{count} {what}.")
    say_prepared(path, DATABASE, [absolute(arguments["<folder>"])], reason(path))
    print(f"{path} is ready.")


if __name__ == "__main__":
    sys.exit(run(main))
