"""Names of recordings, and templates by which pyannote.database finds their audio.

The uri of a recording is the name of its audio file without suffix, or, where two files share a name, its
path below the audio folder. Audio is found by templates such as `/data/audio/street/{uri}.wav`, one for each
folder and suffix. Where that is ambiguous, or a name contains blanks, all audio is found in a folder of
symbolic links instead.
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
    """Unique uri of each audio file.

    Parameters
    ----------
    names : mapping of Path to str
        Path of each audio file below the audio folder.
    by_path : bool, optional
        Whether all uris are that path, not only those of files that share a name.

    Returns
    -------
    uris : dict of Path to str
        Name without suffix, or path below the audio folder where two files share a name.

    Raises
    ------
    DataError
        If two files would have the same uri, or a name cannot be written in a list.

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
    # pyannote.database interprets a star as "any file"
    return safe.replace("*", "_")


def audio_templates(audio: Mapping[str, Path]) -> list[str]:
    """Templates such as `/data/{uri}.wav` that find each recording exactly once; empty if there are none.

    Parameters
    ----------
    audio : mapping of str to Path
        Audio file of each uri.

    Returns
    -------
    templates : list of str, shape (templates,)
        One for each folder and suffix.

    Examples
    --------
    >>> folder = getfixture("tmp_path")
    >>> (folder / "a.wav").touch()
    >>> [Path(template).name for template in audio_templates({"a": folder / "a.wav"})]
    ['{uri}.wav']
    >>> audio_templates({"other": folder / "a.wav"})
    []
    """
    templates: dict[str, None] = {}
    for uri, path in audio.items():
        name, ending = str(path), f"{uri}{path.suffix}"
        if not name.endswith(f"/{ending}") or set("{}*") & set(name):
            return []
        templates[f"{name.removesuffix(ending)}{{uri}}{path.suffix}"] = None
    counts = (sum(Path(t.format(uri=uri)).is_file() for t in templates) for uri in audio)
    return list(templates) if all(count == 1 for count in counts) else []


def link_audio(audio: Mapping[str, Path], folder: Path) -> list[str]:
    """Make a folder of symbolic links to audio files, each named by the uri of its recording.

    Parameters
    ----------
    audio : mapping of str to Path
        Audio file of each uri.
    folder : Path
        Folder of the links.

    Returns
    -------
    templates : list of str, shape (suffixes,)
        One for each suffix.

    Raises
    ------
    StorageError
        If a link cannot be made.

    Examples
    --------
    >>> folder = getfixture("tmp_path")
    >>> [Path(template).name for template in link_audio({"a": folder / "a b.wav"}, folder / "audio")]
    ['{uri}.wav']
    >>> (folder / "audio" / "a.wav").readlink().name
    'a b.wav'
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
