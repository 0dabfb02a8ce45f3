"""Write the long-term average log-mel spectrogram of every recording of a protocol.

Usage:
  logavgmel.py [options] <database.yml> <protocol> <output>
  logavgmel.py -h | --help

`pyannote-audio dcase` computes and keeps these features itself. This script is for those who want the
files: <output>/<uri>.npy holds one float32 vector with a value (in decibels) for each mel band.

<database.yml>  where recordings and protocols are
<protocol>      such as TUT2017.SpeakerDiarization.MyProtocol; all its subsets are read
<output>        folder for the files

Options:
  --sample-rate=HZ    Rate to which recordings are resampled. [default: 44100]
  --mels=N            Number of mel bands. [default: 40]
  --duration=SECONDS  Length of the window. [default: 0.025]
  --step=SECONDS      From one window to the next. [default: 0.010]
  --parallel=N        Recordings that are read at once. [default: 1]
  -h --help           Show this.
"""

import sys
from pathlib import Path
from typing import Any, TypeVar

from pyannote.audio.applications.arguments import script_arguments
from pyannote.audio.applications.terminal import bar, run
from pyannote.audio.core.errors import UsageError

T = TypeVar("T", int, float)


def recordings_of(protocol: str) -> dict[str, Any]:
    """Recordings of all subsets of a protocol, by uri."""
    from pyannote.audio.database.protocols import SUBSETS, recordings

    files: dict[str, Any] = {}
    missing = None
    for subset in SUBSETS:
        try:
            files.update((file["uri"], file) for file in recordings(protocol, subset, annotated=False))
        except UsageError as error:
            missing = error
    if not files and missing is not None:
        raise missing
    return files


def number(arguments: dict[str, str], option: str, kind: type[T]) -> T:
    """Return the value of an option as a number of this kind."""
    try:
        return kind(arguments[option])
    except ValueError:
        raise UsageError(f"{option}={arguments[option]} is not a number.", fix="Correct it.") from None


def write_averages(arguments: dict[str, str]) -> int:
    """Compute and write the averages; return how many there are."""
    from pyannote.audio.database.known_protocols import load_database
    from pyannote.audio.features.librosa_mel_spectrogram import LibrosaMelSpectrogram
    from pyannote.audio.io.paths import inside
    from pyannote.audio.io.storage import write_array
    from pyannote.audio.store.feature_store import FeatureStore

    extraction = LibrosaMelSpectrogram(
        sample_rate=number(arguments, "--sample-rate", int),
        duration=number(arguments, "--duration", float),
        step=number(arguments, "--step", float),
        n_mels=number(arguments, "--mels", int),
    )
    load_database(arguments["<database.yml>"])
    files = recordings_of(arguments["<protocol>"])
    store = FeatureStore(extraction, parallel=number(arguments, "--parallel", int))
    store.prepare(list(files.values()), progress=bar)
    for uri, file in files.items():
        write_array(inside(Path(arguments["<output>"]), uri, ".npy"), store.long_term(file))
    return len(files)


def main() -> None:
    """Run the command."""
    arguments = script_arguments(__doc__)
    count = write_averages(arguments)
    print(f"{count} averages are in {arguments['<output>']}.")


if __name__ == "__main__":
    sys.exit(run(main))
