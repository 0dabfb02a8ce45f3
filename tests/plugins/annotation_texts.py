"""Reading of a text in a format, for the tests of formats."""

import pytest

from pyannote.audio.core.errors import DataError
from pyannote.audio.database.formats.base import ReadOptions, format_named

SUFFIXES = {"audacity": ".txt", "raven": ".Table.1.selections.txt", "textgrid": ".TextGrid", "elan": ".eaf"}
SUFFIXES |= {"jams": ".jams", "label_studio": ".json", "ann": ".ann", "lab": ".lab"}


def read(folder, name, text, **options):
    """Reading of a text as a file of the recording a."""
    path = folder / f"a{SUFFIXES[name]}"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return format_named(name).read(path, "a", ReadOptions(**options))


def events(reading):
    """Onset, offset and label of each event."""
    return [(event.segment.start, event.segment.end, event.label) for event in reading.events]


def refused(folder, name, text, line, message, **options):
    """Check that a text is refused, with this line and message, and return what the error says."""
    with pytest.raises(DataError, match=message) as caught:
        read(folder, name, text, **options)
    error = caught.value
    assert (error.file, error.line) == (folder / f"a{SUFFIXES[name]}", line), str(error)
    assert error.fix
    return str(error)


def looks_right(folder, name, text):
    """Whether a text looks like a format."""
    path = folder / f"a{SUFFIXES[name]}"
    path.write_text(text)
    return format_named(name).looks_right(path)
