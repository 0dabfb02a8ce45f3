"""Prepare your own recordings and annotation for `pyannote-audio`.

Usage:
  make_database.py [options] <audio> <annotation> <output>
  make_database.py -h | --help

<audio>        folder of audio files
<annotation>   an RTTM file, a csv file with columns filename, onset, offset and label,
               or a folder of label files exported by Audacity; or a folder with an RTTM file of each
               subset (any.train.rttm, any.development.rttm, any.test.rttm) and, if there are any, UEM files
               of the same names, which leaves nothing to be drawn
<output>       folder for RTTM, UEM and LST files and database.yml

Options:
  --name=NAME          Name of the database. [default: Own]
  --protocol=NAME      Name of the protocol. [default: Protocol]
  --development=SHARE  Share of the recordings for development, 0 for none. [default: 0.2]
  --test=SHARE         Share of the recordings for test, 0 for none. [default: 0.2]
  --seed=N             Another number draws other subsets. [default: 0]
  --labels=FILE        YAML file of lines `label: class`: labels of one class are merged, and those of `null`
                       left out.
  --allow-empty        Recordings that the annotation does not name have no events.
  -h --help            Show this.
"""

import sys
from pathlib import Path

from pyannote.audio.applications.arguments import script_arguments
from pyannote.audio.applications.terminal import run, say
from pyannote.audio.core.errors import UsageError
from pyannote.audio.database.corpora.label_maps import LabelMap
from pyannote.audio.database.corpora.own_data import make_database


def number(arguments: dict[str, str], option: str, kind: type) -> float:
    """Return the value of an option as a number of this kind."""
    try:
        return kind(arguments[option])
    except ValueError:
        raise UsageError(f"{option}={arguments[option]} is not a number.", fix="Correct it.") from None


def main() -> None:
    """Run the command."""
    arguments = script_arguments(__doc__)
    labels = LabelMap.read(Path(arguments["--labels"])) if arguments["--labels"] else None
    path = make_database(
        arguments["<audio>"],
        arguments["<annotation>"],
        arguments["<output>"],
        name=arguments["--name"],
        protocol=arguments["--protocol"],
        development=number(arguments, "--development", float),
        test=number(arguments, "--test", float),
        seed=int(number(arguments, "--seed", int)),
        allow_empty=arguments["--allow-empty"],
        labels=labels,
    )
    for remark in labels.remarks() if labels else ():
        say(remark)
    print(f"{path} is ready: {arguments['--name']}.SpeakerDiarization.{arguments['--protocol']}")


if __name__ == "__main__":
    sys.exit(run(main))
