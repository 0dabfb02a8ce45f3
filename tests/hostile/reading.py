"""Read files of random bytes with little memory: `python reading.py <folder> <count> <seed> <megabytes>`.

Headers of good files are overwritten at random, or all is random behind the first bytes of a format. What is
neither refused nor read as so many finite samples as promised ends this process with an error, as does
whatever takes more memory than it may, in libraries too. Prints how many were refused, and how many read.
"""

import resource
import sys
from pathlib import Path

import numpy as np
from hostile_audio import FORMATS, NUMBERS, overwritten, sound_file

from pyannote.audio.core.errors import AudioError
from pyannote.audio.io.waveform import Recording


def mutated(contents, random):
    """Bytes of a file, made at random."""
    content = contents[random.integers(len(contents))]
    if random.random() < 0.1:
        return content[: random.integers(1, 60)] + random.bytes(int(random.integers(5000)))
    patches = []
    for _ in range(random.integers(1, 6)):
        place = int(random.integers(100 if random.random() < 0.8 else len(content)))
        patch = random.bytes(int(random.integers(1, 9)))
        patches.append((place, patch if random.random() < 0.4 else NUMBERS[random.integers(len(NUMBERS))]))
    return overwritten(
        content, patches, int(random.integers(len(content))) if random.random() < 0.2 else None
    )


def readable(path):
    """Whether a file is read, which then gives what its header promises, or refused."""
    try:
        recording = Recording(path, 16000)
        waveform = recording.read()
    except AudioError as error:
        assert str(error).startswith(f"{path}: "), error
        return False
    assert waveform.shape == (recording.samples,) and np.isfinite(waveform).all()
    return True


def main(folder, count, seed, megabytes):
    path = Path(folder) / "a.wav"
    contents = [sound_file(path, form) for form in FORMATS]
    assert all(path.write_bytes(content) and readable(path) for content in contents)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + (int(megabytes) << 20),) * 2)
    random = np.random.default_rng(int(seed))
    read = 0
    for _ in range(int(count)):
        path.write_bytes(mutated(contents, random))
        read += readable(path)
    print(int(count) - read, read)


if __name__ == "__main__":
    main(*sys.argv[1:])
