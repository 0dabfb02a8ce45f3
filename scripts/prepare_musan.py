"""Prepare MUSAN, or any folders of noise, for the augmentation of recordings.

Usage:
  prepare_musan.py [--name=NAME] [--collection=PAIR]... <folder> <output>
  prepare_musan.py -h | --help

<folder>   the folder musan with its folders music, noise and speech, or any folder of sounds
<output>   folder for lists and database.yml

Options:
  --name=NAME        Name of the database. [default: MUSAN]
  --collection=PAIR  Name of a collection and its folder below <folder>, such as BackgroundNoise=noise
                     (or BackgroundNoise=. for all of it). Without any: those of MUSAN, BackgroundNoise=noise,
                     Music=music and Speech=speech.
  -h --help          Show this.
"""

import sys
from collections.abc import Iterable
from pathlib import Path

from pyannote.audio.applications.arguments import script_arguments
from pyannote.audio.applications.left_over import Reason, say_prepared
from pyannote.audio.applications.terminal import bar, run
from pyannote.audio.core.errors import UsageError
from pyannote.audio.database.corpora.annotated_file import absolute
from pyannote.audio.database.corpora.musan import MUSAN, prepare
from pyannote.audio.io.waveform import SUFFIXES


def reason(folders: Iterable[Path]) -> Reason:
    """Reasons for which files are left out: they lie in no folder of a collection, or are no audio."""
    collected = set(folders)

    def why(path: Path) -> str | None:
        if path.suffix.lower() not in SUFFIXES:
            return "no audio"
        return None if collected & set(path.parents) else "in no folder of a collection"

    return why


def main() -> None:
    """Run the command."""
    arguments = script_arguments(__doc__)
    pairs = [pair.partition("=") for pair in arguments["--collection"]]
    wrong = ["".join(pair) for pair in pairs if not (pair[0] and pair[2])]
    if wrong:
        raise UsageError(
            f"'{wrong[0]}' is not a name and a folder.", fix="Write --collection=BackgroundNoise=noise."
        )
    collections = {name: folder for name, _, folder in pairs} or MUSAN
    name = arguments["--name"]
    path = prepare(
        arguments["<folder>"], arguments["<output>"], name=name, collections=collections, progress=bar
    )
    root = absolute(arguments["<folder>"])
    say_prepared(path, name, [root], reason(absolute(root / folder) for folder in collections.values()))
    print(f"{path} is ready: {', '.join(f'{name}.Collection.{one}' for one in collections)}")


if __name__ == "__main__":
    sys.exit(run(main))
