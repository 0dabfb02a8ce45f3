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
from pathlib import Path

from pyannote.audio.applications.arguments import script_arguments
from pyannote.audio.applications.left_over import Reason, recordings_of, say_prepared
from pyannote.audio.applications.terminal import bar, run, say
from pyannote.audio.database.corpora.ami import DATABASE, MIX, Prepared, prepare
from pyannote.audio.database.corpora.annotated_file import absolute
from pyannote.audio.io.waveform import SUFFIXES

SHOWN = 5
"""Meetings that are named."""


def say_missing(prepared: Prepared, corpus: Path) -> None:
    """Say which meetings are left out, because they have no audio or no annotation."""
    audio = {name for name in prepared.missing if _mix(corpus, name).is_file()}
    total = len(prepared.missing) + prepared.meetings
    for what, names in (("audio", set(prepared.missing) - audio), ("annotation", audio)):
        if names:
            shown = ", ".join(sorted(names)[:SHOWN])
            more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
            say(f"{len(names)} of {total} meetings are left out, because they have no {what}: {shown}{more}.")


def _mix(corpus: Path, meeting: str) -> Path:
    return corpus / meeting / "audio" / f"{meeting}.{MIX}.wav"


def reason(prepared: Prepared, annotation: Path) -> Reason:
    """Reasons for which files are left out: other microphones, other meetings, other annotation."""
    used = recordings_of(prepared.path)
    meetings = {path.name.split(".")[0] for path in used}

    def why(path: Path) -> str | None:
        if path in used:
            return None
        if path.suffix.lower() in SUFFIXES:
            return f"read are <meeting>/audio/<meeting>.{MIX}.wav of meetings with annotation"
        if path.suffix == ".rttm" and not (annotation / "segments").is_dir():
            return None
        turns = path.parent == annotation / "segments" and path.name.endswith(".segments.xml")
        if path.name == "meetings.xml" or (turns and path.name.split(".")[0] in meetings):
            return None
        return "no turns of a meeting that was read"

    return why


def main() -> None:
    """Run the command."""
    arguments = script_arguments(__doc__)
    prepared = prepare(
        arguments["<amicorpus>"], arguments["<annotation>"], arguments["<output>"], progress=bar
    )
    corpus, annotation = absolute(arguments["<amicorpus>"]), absolute(arguments["<annotation>"])
    say_missing(prepared, corpus)
    for what, count in prepared.left_out.items():
        say(f"Left out or cut: {count} {what}.")
    folders = dict.fromkeys([corpus, *([annotation] if annotation.is_dir() else [])])
    say_prepared(prepared.path, DATABASE, folders, reason(prepared, annotation))
    print(f"{prepared.path} is ready: AMI.SpeakerDiarization.MixHeadset")


if __name__ == "__main__":
    sys.exit(run(main))
