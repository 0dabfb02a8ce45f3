"""Prepare VoxCeleb1 for speaker embedding.

Usage:
  prepare_voxceleb.py [options] <folder> <output>
  prepare_voxceleb.py -h | --help

<folder>   the folder that holds dev/wav, test/wav and veri_test.txt (or veri_test2.txt)
<output>   folder for RTTM, UEM, LST files, lists of trials, and database.yml

Options:
  --trials=LIST    The trials of test. Without it: veri_test.txt or veri_test2.txt in <folder>.
  --development=N  How many speakers of dev to hold out for development, 0 for none. [default: 40]
  --draw=N         How many trials to draw for development. [default: 20000]
  --seed=N         Another number draws other speakers and trials. [default: 0]
  -h --help        Show this.
"""

import sys
from pathlib import Path

from pyannote.audio.applications.arguments import script_arguments
from pyannote.audio.applications.left_over import Reason, say_prepared
from pyannote.audio.applications.terminal import bar, run
from pyannote.audio.core.errors import UsageError
from pyannote.audio.database.corpora.annotated_file import absolute
from pyannote.audio.database.corpora.voxceleb import DATABASE, listed_trials, prepare
from pyannote.audio.io.waveform import SUFFIXES


def reason(root: Path, trials: str | None) -> Reason:
    """Reasons for which files are left out: they lie elsewhere, or are no lists of trials that were read."""
    read = set(listed_trials(root, trials))

    def why(path: Path) -> str | None:
        if path.suffix.lower() in SUFFIXES:
            sides = {root / "dev" / "wav", root / "test" / "wav"}
            return None if sides & set(path.parents) else "neither in dev/wav nor in test/wav"
        return None if path in read else "no list of trials that is read"

    return why


def main() -> None:
    """Run the command."""
    arguments = script_arguments(__doc__)
    try:
        development, trials, seed = (
            int(arguments[option]) for option in ("--development", "--draw", "--seed")
        )
    except ValueError as error:
        raise UsageError(f"An option is not a number ({error}).", fix="Correct it.") from None
    path = prepare(
        arguments["<folder>"],
        arguments["<output>"],
        official=arguments["--trials"],
        development=development,
        trials=trials,
        seed=seed,
        progress=bar,
    )
    root = absolute(arguments["<folder>"])
    say_prepared(path, DATABASE, [root], reason(root, arguments["--trials"]))
    print(f"{path} is ready: VoxCeleb.SpeakerVerification.VoxCeleb1")


if __name__ == "__main__":
    sys.exit(run(main))
