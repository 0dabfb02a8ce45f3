"""Recordings that blocks are tested on, and copies of them to be damaged."""

import re
import shutil
from functools import cached_property


def first_difference(text, changed):
    """Number of the first line in which two texts differ, counted from 1."""
    pairs = zip(text.split("\n"), changed.split("\n"), strict=False)
    return 1 + next(number for number, (before, after) in enumerate(pairs) if before != after)


class Recordings:
    """Recordings that a block is tested on, or a copy of them that may be damaged.

    Parameters
    ----------
    root : Path
        Folder of data set, lists and annotation.
    cache : Path
        Of their features.
    """

    name: str
    """Of the protocol, in the names of lists."""

    seconds: float
    """Duration of each recording."""

    prepared: str
    """Folder of database.yml."""

    def __init__(self, root, cache):
        self.root, self.cache = root, cache

    @property
    def database(self):
        return self.root / self.prepared / "database.yml"

    @property
    def config(self):
        """Text of PYANNOTE_DATABASE_CONFIG."""
        return str(self.database)

    def copy(self, root):
        """Copy of the recordings in another folder, with a cache of its own."""
        for path in self.parts:
            shutil.copytree(self.root / path, root / path)
        for path in root.glob("*/*.yml"):
            path.write_text(path.read_text().replace(str(self.root), str(root)))
        return type(self)(root, root / "cache")

    def list(self, subset):
        return self.root / self.prepared / "lists" / f"{self.name}.{subset}.lst"

    def listed(self, subset):
        return self.list(subset).read_text().split()

    @cached_property
    def uri(self):
        """First recording to train on."""
        return self.listed("train")[0]

    def change(self, path, pattern, new):
        """Replace the first match, and give the number of the line that has changed."""
        text = path.read_text()
        changed = re.sub(pattern, new, text, count=1, flags=re.MULTILINE)
        assert changed != text
        path.write_text(changed)
        return first_difference(text, changed)


class Street(Recordings):
    """Eight recordings of a street, of 10 s each."""

    name, seconds, prepared = "Fold1", 10, "database"
    parts = ("database", "tut/audio")

    @property
    def rttm(self):
        return self.root / "database" / "TUT2017.rttm"

    @property
    def uem(self):
        return self.root / "database" / "TUT2017.uem"

    def wav(self, uri=None):
        return self.root / "tut" / "audio" / "street" / f"{uri or self.uri}.wav"


class Voices(Recordings):
    """Speakers in the layout of VoxCeleb1, noise in that of MUSAN; recordings of 2 s each."""

    name, seconds, prepared = "VoxCeleb1", 2, "voxceleb"
    parts = ("voxceleb1", "voxceleb", "musan", "noise")

    @property
    def config(self):
        folders = [self.root / name for name in ("voxceleb", "ami", "noise")]
        return ";".join(str(folder / "database.yml") for folder in folders if folder.exists())

    @property
    def rttm(self):
        return self.root / "voxceleb" / "lists" / "VoxCeleb1.train.rttm"

    @property
    def uem(self):
        return self.root / "voxceleb" / "lists" / "VoxCeleb1.train.uem"

    def wav(self, uri=None):
        return self.root / "voxceleb1" / "dev" / "wav" / f"{uri or self.uri}.wav"
