"""Reader of a protocol that collects all errors instead of ending with the first one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, TypeVar

from pyannote.audio.core.errors import DataError
from pyannote.audio.core.findings import Finding
from pyannote.audio.core.progress import Progress, silent
from pyannote.audio.database.bounds import exceeds_end, too_long_error
from pyannote.audio.database.checks.subsets import Subset
from pyannote.audio.database.protocol_files import (
    audio_of,
    find_protocol,
    read_recording,
    scope_of,
    with_scope,
)
from pyannote.audio.database.protocols import SUBSETS
from pyannote.audio.database.sources import channel_of, files_of, sources_of
from pyannote.audio.database.spelling import misspelt, partly_misspelt
from pyannote.audio.database.strict import read_strictly
from pyannote.audio.database.unannotated import is_unannotated, skippable, unannotated
from pyannote.audio.io import waveform
from pyannote.audio.io.lines import read_lines
from pyannote.audio.io.rttm import event_of, region_of, uri_of, uri_of_event

_Line = TypeVar("_Line")


class Reader:
    r"""Reads the subsets of a protocol, and collects the errors that commands would end with.

    Parameters
    ----------
    name : str
        Full name of the protocol.
    templates : mapping of str to str, optional
        The `preprocessors` of a configuration.
    speakers : bool
        Whether labels are names of speakers (see `recordings`).
    skip_unannotated : bool
        Whether recordings without annotated regions are left out, with a warning, instead of refused.
    annotated : bool
        Whether recordings of training and development must have an annotation.

    Attributes
    ----------
    findings : list of Finding, shape (findings,)
        Filled by `subsets`.

    Raises
    ------
    UsageError
        If there is no such protocol.

    Examples
    --------
    >>> from pyannote.audio.database.known_protocols import load_database
    >>> folder = getfixture("tmp_path")
    >>> _ = (folder / "train.lst").write_text("a\nb\n")
    >>> _ = (folder / "database.yml").write_text('''
    ... Databases: {Faulty: "{uri}.wav"}
    ... Protocols: {Faulty: {SpeakerDiarization: {All: {scope: file, train: {uri: train.lst}}}}}
    ... ''')
    >>> load_database(str(folder / "database.yml"))
    >>> reader = Reader("Faulty.SpeakerDiarization.All")
    >>> (subset,) = reader.subsets()
    >>> subset.uris, [(finding.kind, finding.line) for finding in reader.findings]
    ([('a', 1), ('b', 2)], [('missing', 1), ('missing', 2)])
    """

    def __init__(
        self,
        name: str,
        templates: Mapping[str, str] | None = None,
        speakers: bool = False,
        skip_unannotated: bool = False,
        annotated: bool = True,
    ) -> None:
        self.name, self.speakers, self._skip = name, speakers, skip_unannotated
        self._annotated = annotated
        self.findings: list[Finding] = []
        self._protocol = find_protocol(name, templates)
        self._read: dict[Path, list[Any]] = {}
        self._wrong: set[Path] = set()

    def subsets(self, progress: Progress = silent) -> list[Subset]:
        """Read all subsets that the protocol has.

        Parameters
        ----------
        progress : Progress
            Called with the files of each subset.

        Returns
        -------
        subsets : list of Subset, shape (subsets,)
        """
        subsets = [self._subset(name, progress) for name in SUBSETS]
        return [subset for subset in subsets if subset is not None]

    def listed(self, names: Collection[str] = SUBSETS) -> list[Subset]:
        """Subsets whose recordings a file lists, with the lines of their annotation; no audio is opened.

        Returns
        -------
        subsets : list of Subset, shape (subsets,)
        """
        subsets = []
        for name in (one for one in SUBSETS if one in names):
            subset = Subset(name, sources_of(self.name, name), channel=channel_of(self.name, name))
            if subset.listing is not None and subset.listing.suffix == ".lst":
                self._read_lines(subset)
                self._compare(subset, self._without(subset, "annotated"))
                subsets.append(subset)
        return subsets

    def _subset(self, name: str, progress: Progress) -> Subset | None:
        subset = Subset(name, sources_of(self.name, name), channel=channel_of(self.name, name))
        used = self._read_lines(subset)
        if self._wrong & used or len(subset.lines) < len(subset.uris):
            self._open(subset, self._plain(subset), progress)
            return subset
        files = self._files(subset)
        if files is None:
            return None
        subset.uris = subset.uris or [(str(file["uri"]), 0) for file in files]
        self._compare(subset, {str(file["uri"]) for file in files if is_unannotated(file)})
        annotated = {uri for uri, _ in subset.uris}
        files = [file for file in files if str(file["uri"]) in annotated]
        self._open(subset, files, progress)
        for file in files:
            if str(file["uri"]) in subset.headers:
                self._record(subset, file)
        if subset.listing is None:
            # the lists and lines of a protocol of `X` are those of its parts
            silent = {file["uri"] for file in subset.files if file["events"] == []}
            self._tell_misspelt(misspelt(self.name, subset.name, "annotation", silent))
        return subset

    def _read_lines(self, subset: Subset) -> set[Path]:
        """Read lists and annotation line by line, and return the files that were read."""
        listings = [] if subset.listing is None else [subset.listing]
        subset.uris = [(uri, line) for line, uri in self._lines(listings, ".lst", _numbered)]
        uris = [uri for uri, _ in subset.uris]
        events = files_of(self.name, subset.name, "annotation", uris)
        regions = files_of(self.name, subset.name, "annotated", uris)
        subset.events = self._lines(events, ".rttm", event_of)
        subset.regions = self._lines(regions, ".uem", region_of)
        return {*listings, *events, *regions}

    def _lines(
        self, paths: Iterable[Path], suffix: str, parse: Callable[[str, Path, int], _Line]
    ) -> list[_Line]:
        """Correct lines of some files; each wrong line becomes one finding."""
        right = []
        for path in paths:
            if path not in self._read and (path.suffix == suffix or not path.is_file()):
                self._read[path] = list(_parsed(path, parse))
                wrong = [one for one in self._read[path] if isinstance(one, Finding)]
                self.findings += wrong
                self._wrong |= {path} if wrong else set()
            right += [one for one in self._read.get(path, ()) if not isinstance(one, Finding)]
        return right

    def _without(self, subset: Subset, key: Literal["annotation", "annotated"]) -> set[str]:
        """Recordings of a list without lines in the annotation, where all of that could be read."""
        lines, suffix = (subset.events, ".rttm") if key == "annotation" else (subset.regions, ".uem")
        uris = {uri for uri, _ in subset.uris}
        paths = files_of(self.name, subset.name, key, uris)
        if self._wrong.intersection(paths) or {path.suffix for path in paths} != {suffix}:
            return set()
        return uris - {line.recording for line in lines}

    def _compare(self, subset: Subset, bare: set[str]) -> None:
        """Find names that are misspelt in the annotation, and refuse or leave out those without regions."""
        regions = misspelt(self.name, subset.name, "annotated", bare)
        silent = self._without(subset, "annotation")
        events = misspelt(self.name, subset.name, "annotation", silent)
        if subset.listing is not None and not self._wrong:
            listed = {uri for uri, _ in subset.uris}
            self.findings += partly_misspelt(self.name, subset.name, "annotated", listed - bare)
            self.findings += partly_misspelt(self.name, subset.name, "annotation", listed - silent)
        self._tell_misspelt(regions)
        self._tell_misspelt(events)
        errors = unannotated(self.name, subset.name, sorted(bare - regions.keys()))
        code = 0 if self._skip else DataError.code
        for error in errors.values():
            self.findings.append(replace(Finding.of("unannotated", skippable(error)), code=code))
        if self._skip:
            subset.uris = [(uri, line) for uri, line in subset.uris if uri not in errors]

    def _tell_misspelt(self, errors: Mapping[str, DataError]) -> None:
        self.findings += [Finding.of("spelling", error) for error in errors.values()]

    def _files(self, subset: Subset) -> list[Any] | None:
        """Files of a subset from pyannote.database, None if the protocol has no such subset."""
        try:
            with read_strictly():
                return list(getattr(self._protocol, subset.name)())
        except (NotImplementedError, AttributeError):
            return None
        except DataError as error:
            self.findings.append(Finding.of("file", error))
            return []
        except Exception as error:
            unreadable = DataError(
                f"The subset {subset.name!r} of {self.name} cannot be read ({error}).",
                file=subset.listing,
                fix="Check its lists and its annotation.",
            )
            self.findings.append(Finding.of("file", unreadable))
            return []

    def _plain(self, subset: Subset) -> list[Any]:
        """Files of a list without their annotation, which could not be read."""
        from pyannote.database import ProtocolFile

        database, audio = self.name.split(".")[0], self._protocol.preprocessors["audio"]
        plain = [{"uri": uri, "database": database, "subset": subset.name} for uri, _ in subset.uris]
        return [ProtocolFile(file, lazy={"audio": audio}) for file in plain]

    def _open(self, subset: Subset, files: Sequence[Any], progress: Progress) -> None:
        """Read the headers of audio files."""
        for file in progress(files, total=len(files), description=f"Opening {subset.name} files"):
            uri = str(file["uri"])
            try:
                subset.headers[uri] = waveform.info(audio_of(file))
            except DataError as error:
                kind = "missing" if error.file is None else "damaged"
                subset.unusable.append(located(Finding.of(kind, error, "Copy it again."), subset, uri))
        self.findings += subset.unusable

    def _record(self, subset: Subset, file: Any) -> None:
        """Add a file to the recordings of a subset, if its audio and annotation fit each other."""
        uri = str(file["uri"])
        duration = subset.headers[uri].duration
        late = [
            replace(
                Finding.of("end", too_long_error(uri, line.segment.end, duration, line.file, line.line)),
                recording=uri,
            )
            for line in subset.annotation_of(uri)
            if exceeds_end(line.segment.start, line.segment.end, duration)
        ]
        if late:
            self.findings += late
            return
        try:
            one = read_recording(file, subset.sources, annotated=self._annotated and subset.name != "test")
        except DataError as error:
            self.findings.append(located(Finding.of("annotation", error), subset, uri))
            return
        subset.files.append(with_scope(one, scope_of(file, self.name)) if self.speakers else one)


def located(finding: Finding, subset: Subset, uri: str) -> Finding:
    """The same finding; if it names no file, it is about the line that lists a recording."""
    if finding.file is not None:
        return finding
    return replace(finding, file=subset.listing, line=subset.lines.get(uri))


def _numbered(text: str, path: Path, line: int) -> tuple[int, str]:
    return line, uri_of(text, path, line)


def _parsed(path: Path, parse: Callable[[str, Path, int], _Line]) -> Iterator[_Line | Finding]:
    """Each parsed line of a file, or the finding about it."""
    try:
        for line, text in read_lines(path):
            try:
                yield parse(text, path, line)
            except DataError as error:
                recording = uri_of_event(text) if parse is event_of else None
                yield replace(Finding.of("line", error, "Copy it again."), recording=recording)
    except DataError as error:
        yield Finding.of("line" if error.line else "file", error, "Copy it again.")
