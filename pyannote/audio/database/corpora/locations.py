"""How recordings are called, and how pyannote.database finds their audio.

A recording's uri is the name of its audio file without suffix, or, where two files share a name, its path
below the audio folder. Audio is found by templates such as `/data/audio/street/{uri}.wav`, one for each
folder and suffix. Where that is ambiguous, or a name holds blanks, all of it is found in a folder of symbolic
links instead.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from pyannote.audio.core.errors import DataError
from pyannote.audio.io.lines import safe_name
from pyannote.audio.io.paths import inside
from pyannote.audio.io.storage import storage_error


def name_recordings(names: Mapping[Path, str], *, by_path: bool = False) -> dict[Path, str]:
    """Give each audio file a uri that no other one has.

    Parameters
    ----------
    names : mapping of Path to str
        For each audio file, its path below the audio folder.
    by_path : bool, optional
        Whether all are called by that path, not only those that share a name.

    Returns
    -------
    uris : dict of Path to str
        Name without suffix, or path below the audio folder where two files share a name.

    Examples
    --------
    >>> list(name_recordings({Path("/x/street/a 1.wav"): "street/a 1.wav"}).values())
    ['a_1']
    >>> list(name_recordings({Path("/x/b/a.wav"): "b/a.wav", Path("/x/c/a.wav"): "c/a.wav"}).values())
    ['b/a', 'c/a']
    """
    stems = {path: _uri(Path(name).stem, path) for path, name in names.items()}
    times = Counter(stems.values())
    uris = {
        path: stems[path]
        if times[stems[path]] == 1 and not by_path
        else _uri(Path(name).with_suffix("").as_posix(), path)
        for path, name in names.items()
    }
    first: dict[str, Path] = {}
    for path, uri in uris.items():
        twin = first.setdefault(uri, path)
        if twin != path:
            raise DataError(f"{twin} and {path} would both be called '{uri}'.", fix="Rename one of them.")
    return uris


def _uri(name: str, path: Path) -> str:
    try:
        safe = "/".join(safe_name(part) for part in name.split("/"))
    except DataError as error:
        raise DataError(error.message, file=path, fix="Rename the file or its folder.") from None
    # pyannote.database takes a star for "any file"
    return safe.replace("*", "_")


def audio_templates(audio: Mapping[str, Path]) -> list[str]:
    """Return templates such as `/data/{uri}.wav` that find each recording once, or none if there are none."""
    templates: dict[str, None] = {}
    for uri, path in audio.items():
        name, ending = str(path), f"{uri}{path.suffix}"
        if not name.endswith(f"/{ending}") or set("{}*") & set(name):
            return []
        templates[f"{name.removesuffix(ending)}{{uri}}{path.suffix}"] = None
    found = (sum(Path(t.format(uri=uri)).is_file() for t in templates) for uri in audio)
    return list(templates) if all(count == 1 for count in found) else []


def link_audio(audio: Mapping[str, Path], folder: Path) -> list[str]:
    """Make a folder of symbolic links, each named by the uri of the recording it leads to.

    Returns its templates, one for each suffix.
    """
    suffixes: dict[str, None] = {}
    for uri, path in audio.items():
        link = inside(folder.parent, f"{folder.name}/{uri}{path.suffix}")
        # short, because the name of the link may be as long as names can be
        temporary = link.with_name(".link.part")
        try:
            link.parent.mkdir(parents=True, exist_ok=True)
            temporary.unlink(missing_ok=True)
            temporary.symlink_to(path)
            temporary.replace(link)
        except OSError as error:
            raise storage_error(error, link) from error
        suffixes[path.suffix] = None
    return [f"{folder}/{{uri}}{suffix}" for suffix in suffixes]
