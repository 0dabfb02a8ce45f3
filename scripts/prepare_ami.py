"""Prepare the AMI corpus (headset mix) for speaker embedding and diarization.

Usage:
  prepare_ami.py <amicorpus> <annotation> <output>
  prepare_ami.py -h | --help

<amicorpus>    folder with <meeting>/audio/<meeting>.Mix-Headset.wav
<annotation>   the folder ami_public_manual_1.6.2, or an RTTM file, or a folder of RTTM files
<output>       folder for RTTM, UEM and LST files and database.yml

Options:
  -h --help   Show this.
"""

import sys

from pyannote.audio.applications.arguments import script_arguments
from pyannote.audio.applications.terminal import bar, run
from pyannote.audio.database.corpora.ami import prepare


def main() -> None:
    """Run the command."""
    arguments = script_arguments(__doc__)
    prepared = prepare(
        arguments["<amicorpus>"], arguments["<annotation>"], arguments["<output>"], progress=bar
    )
    if prepared.missing:
        total = len(prepared.missing) + prepared.meetings
        print(
            f"{len(prepared.missing)} of {total} meetings are left out, because they have no audio or no "
            f"annotation, such as {prepared.missing[0]}."
        )
    print(f"{prepared.path} is ready: AMI.SpeakerDiarization.MixHeadset")


if __name__ == "__main__":
    sys.exit(run(main))
