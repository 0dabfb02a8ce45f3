"""Prepare recordings of known speakers for speaker embedding.

Usage:
  prepare_speakers.py [options] <folder> <output>
  prepare_speakers.py -h | --help

<folder>   <folder>/<speaker>/**/*.wav (or flac, mp3, ...): who speaks is what the folder is called; VoxCeleb2
           (dev/aac/<speaker>/<video>/ or wav instead of aac); any other folder of audio, with --pattern;
           a data folder of Kaldi (wav.scp, utt2spk); or a language of Common Voice (validated.tsv, clips/)
<output>   folder for RTTM, UEM, LST files, lists of trials, and database.yml

Options:
  --name=NAME          Name of the database. [default: Own]
  --protocol=NAME      Name of the protocol. [default: Protocol]
  --pattern=REGEX      Regular expression that matches the path of a recording below <folder>, without suffix.
                       Its groups (?P<speaker>...) and, optionally, (?P<session>...) say who speaks, and when.
                       In Kaldi and Common Voice, which know the speakers: (?P<session>...) alone.
  --train=LIST         File that names the recordings of train, one a line. Without it: those of all speakers
                       who are not in test.
  --test=LIST          The same for test. Without it: those in the trials, or else of all speakers who are not
                       in the list of train, or else --test-share is drawn.
  --trials=LIST        Trials of test, "1 file file" (one speaker) or "0 file file" (two), or all as
                       "file file target" or "file file nontarget". Without it: drawn.
  --development=SHARE  Share of the train speakers to hold out for development, 0 for none. [default: 0.2]
  --test-share=SHARE   Share of the speakers for test, where no list names them. [default: 0.2]
  --draw=N             How many trials to draw where no list names them. [default: 10000]
  --seed=N             Another number draws other speakers and trials. [default: 0]
  --redraw             Draw all speakers anew: those in lists of <output> keep their subsets otherwise.
  -h --help            Show this.
"""

import sys
from pathlib import Path

from pyannote.audio.applications.arguments import script_arguments
from pyannote.audio.applications.terminal import bar, run, warn
from pyannote.audio.core.errors import UsageError
from pyannote.audio.database.corpora.speaker_files import find_speakers
from pyannote.audio.database.corpora.speakers import Lists, prepare


def main() -> None:
    """Run the command."""
    arguments = script_arguments(__doc__)
    given = (arguments[option] for option in ("--train", "--test", "--trials"))
    try:
        development, test = float(arguments["--development"]), float(arguments["--test-share"])
        trials, seed = int(arguments["--draw"]), int(arguments["--seed"])
    except ValueError as error:
        raise UsageError(f"An option is not a number ({error}).", fix="Correct it.") from None
    found = find_speakers(arguments["<folder>"], arguments["<output>"], arguments["--pattern"])
    path = prepare(
        found,
        arguments["<output>"],
        name=arguments["--name"],
        protocol=arguments["--protocol"],
        lists=Lists(*(Path(path) if path else None for path in given)),
        development=development,
        test=test,
        trials=trials,
        seed=seed,
        redraw=arguments["--redraw"],
        progress=bar,
    )
    for remark in found.remarks:
        print(remark)
    print(f"There are {found.counts()}.")
    if found.left_out:
        warn("Left out:", *(f"{count} {what}" for what, count in found.left_out.items()))
    print(f"{path} is ready: {arguments['--name']}.SpeakerVerification.{arguments['--protocol']}")


if __name__ == "__main__":
    sys.exit(run(main))
