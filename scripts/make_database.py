"""Prepare your own recordings and annotation for `pyannote-audio`.

Usage:
  make_database.py [options] <audio> <annotation> <output>
  make_database.py -h | --help

<audio>        folder of audio files
<annotation>   a file, or a folder of files, in one of the formats below; or a folder with an RTTM file of
               each subset (any.train.rttm, any.development.rttm, any.test.rttm) and, if there are any, UEM
               files of the same names, which leaves nothing to be drawn
<output>       folder for RTTM, UEM and LST files and database.yml

Options:
  --name=NAME          Name of the database. [default: Own]
  --protocol=NAME      Name of the protocol. [default: Protocol]
  --development=SHARE  Share of the recordings for development, 0 for none. [default: 0.2]
  --test=SHARE         Share of the recordings for test, 0 for none. [default: 0.2]
  --seed=N             Another number draws other subsets. [default: 0]
  --redraw             Draw all subsets anew: recordings that are in lists of <output> keep theirs otherwise.
  --group=HOW          Which recordings stay in one subset, such as those of one place: column of the table of
                       annotation, or regular expression with the group `group`, (?P<group>...), for the path
                       below <audio>, without suffix. Shares are then those of the groups.
  --uem=PATH           UEM file, or folder of UEM files: which parts of recordings are annotated. By default
                       the file beside <annotation> with its name and the suffix .uem, or else everything.
  --labels=FILE        YAML file of lines `label: class`: labels of one class are merged, and those of `null`
                       left out.
  --allow-empty        Recordings that the annotation does not name have no events.
  --skip=SHARE         Share of the recordings that may be left out because their audio or annotation is
                       missing or wrong. [default: 0]
  --strict             Refuse events without duration, and those that pass the end of their recording a
                       little; otherwise they are dropped, or cut, and counted.
  --format=NAME        Format of the annotation, if it cannot be told from the files.
  --label-column=NAME  Column of the labels, if several columns of a table may be that.
  --tier=NAME          Tier to read, if files have several; * for all.
  --tier-labels        Labels are the names of tiers, such as speakers, and not the texts of their intervals.
  --soft=VALUE         Soft labels of this value or more, above 0 and up to 1, count as events.
  --pattern=REGEX      Regular expression with the groups `speaker` and, optionally, `session`, for names of
                       recordings that contain the speaker.
  -h --help            Show this.

Formats of annotation:
{formats}
"""

import sys
from pathlib import Path

from pyannote.audio.applications.arguments import script_arguments
from pyannote.audio.applications.prepared import tell
from pyannote.audio.applications.terminal import run, say
from pyannote.audio.core.errors import UsageError
from pyannote.audio.database.corpora.label_maps import LabelMap
from pyannote.audio.database.corpora.own_data import make_database
from pyannote.audio.database.formats.base import ReadOptions, formats


def number(arguments: dict[str, str], option: str, kind: type) -> float:
    """Return the value of an option as a number of this kind."""
    try:
        return kind(arguments[option])
    except ValueError:
        raise UsageError(f"{option}={arguments[option]} is not a number.", fix="Correct it.") from None


def main() -> None:
    """Run the command."""
    listed = "\n".join(f"  {name:<20} {one.about}" for name, one in formats().items())
    arguments = script_arguments(__doc__.format(formats=listed))
    soft = None if arguments["--soft"] is None else number(arguments, "--soft", float)
    labels = LabelMap.read(Path(arguments["--labels"])) if arguments["--labels"] else None
    prepared = make_database(
        arguments["<audio>"],
        arguments["<annotation>"],
        arguments["<output>"],
        name=arguments["--name"],
        protocol=arguments["--protocol"],
        development=number(arguments, "--development", float),
        test=number(arguments, "--test", float),
        seed=int(number(arguments, "--seed", int)),
        redraw=arguments["--redraw"],
        allow_empty=arguments["--allow-empty"],
        skip=number(arguments, "--skip", float),
        strict=arguments["--strict"],
        uem=arguments["--uem"],
        options=ReadOptions(
            label_column=arguments["--label-column"],
            tier=arguments["--tier"],
            tier_labels=arguments["--tier-labels"],
            soft=soft,
            pattern=arguments["--pattern"],
        ),
        format=arguments["--format"],
        labels=labels,
        group=arguments["--group"],
    )
    for remark in labels.remarks() if labels else ():
        say(remark)
    tell(prepared)


if __name__ == "__main__":
    sys.exit(run(main))
