"""Make a small SYNTHETIC data set, to try the commands with: sounds of a street, or artificial voices.

Usage:
  demonstration.py [options] <output>
  demonstration.py speakers [options] <output>
  demonstration.py -h | --help

Without more, the recordings are in the layout of TUT Sound Events 2017. With `speakers`, they are voices in
<output>/speakers/<speaker>/ and noise in <output>/noise/.

Options:
  --files=N     Number of recordings, 4 or more (8), or of each speaker (4).
  --seconds=S   Duration of each, 10 or more (30), or of each speaker's, 0.5 or more (4).
  --speakers=N  Number of speakers. [default: 12]
  --seed=N      Another number makes other sounds. [default: 0]
  -h --help     Show this.
"""

import sys

from pyannote.audio.applications.arguments import script_arguments
from pyannote.audio.applications.terminal import run
from pyannote.audio.core.errors import UsageError
from pyannote.audio.database.synthetic.street import make_demonstration
from pyannote.audio.database.synthetic.voices import make_speakers


def main() -> None:
    """Run the command."""
    arguments = script_arguments(__doc__)
    voices = arguments["speakers"]
    try:
        files = int(arguments["--files"] or (4 if voices else 8))
        seconds = float(arguments["--seconds"] or (4 if voices else 30))
        speakers, seed = int(arguments["--speakers"]), int(arguments["--seed"])
    except ValueError as error:
        raise UsageError(f"An option is not a number ({error}).", fix="Correct it.") from None
    output = arguments["<output>"]
    if voices:
        path = make_speakers(output, speakers=speakers, files=files, seconds=seconds, seed=seed)
        print(f"{path} holds {files} synthetic recordings of each of {speakers} speakers.")
    else:
        path = make_demonstration(output, files=files, seconds=seconds, seed=seed)
        print(f"{path} holds {files} synthetic recordings.")


if __name__ == "__main__":
    sys.exit(run(main))
