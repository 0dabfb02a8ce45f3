"""Layout of the AMI corpus: meetings, their partition into subsets, and their annotation.

    amicorpus/<meeting>/audio/<meeting>.Mix-Headset.wav
    ami_public_manual_1.6.2/segments/<meeting>.<agent>.segments.xml
    ami_public_manual_1.6.2/corpusResources/meetings.xml

A file of segments contains the turns of one participant of a meeting, called an agent (A to E);
`meetings.xml` names the speaker of the corpus.

References
----------
J. Carletta, S. Ashby, S. Bourban, et al., "The AMI meeting corpus: a pre-announcement", MLMI, 2005.
https://groups.inf.ed.ac.uk/ami/corpus/datasets.shtml
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from pyannote.audio.core.errors import DataError
from pyannote.audio.io.lines import AnnotatedEvent, parse_segment

# series of meetings, each followed by the letters of its parts, or by none for a single meeting
_SERIES = {
    "train": """
        EN2001abde EN2003a EN2004a EN2005a EN2006ab EN2009bcd
        ES2002abcd ES2003abcd ES2005abcd ES2006abcd ES2007abcd ES2008abcd ES2009abcd ES2010abcd ES2012abcd
        ES2013abcd ES2014abcd ES2015abcd ES2016abcd
        IN1001 IN1002 IN1005 IN1007 IN1008 IN1009 IN1012 IN1013 IN1014 IN1016
        IS1000abcd IS1001abcd IS1002bcd IS1003abcd IS1004abcd IS1005abc IS1006abcd IS1007abcd
        TS3005abcd TS3006abcd TS3007abcd TS3008abcd TS3009abcd TS3010abcd TS3011abcd TS3012abcd
    """,
    "development": "ES2011abcd IB4001 IB4002 IB4003 IB4004 IB4010 IB4011 IS1008abcd TS3004abcd",
    "test": "EN2002abcd ES2004abcd IS1009abcd TS3003abcd",
}


def partition() -> dict[str, list[str]]:
    """Meetings of each subset of the customary partition, the full-corpus one for speech recognition.

    Returns
    -------
    partition : dict of str to list of str, shape (meetings,)

    Examples
    --------
    >>> {subset: len(meetings) for subset, meetings in partition().items()}
    {'train': 136, 'development': 18, 'test': 16}
    """
    return {
        subset: [series[:6] + letter for series in text.split() for letter in (series[6:] or [""])]
        for subset, text in _SERIES.items()
    }


def read_speakers(annotation: Path) -> dict[tuple[str, str], str]:
    """Speaker of each agent of each meeting, empty if `meetings.xml` is missing.

    Parameters
    ----------
    annotation : Path
        The folder `ami_public_manual_1.6.2`.

    Returns
    -------
    speakers : dict of (meeting, agent) to str

    Raises
    ------
    DataError
        If `meetings.xml` is not valid XML.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "corpusResources" / "meetings.xml"
    >>> path.parent.mkdir()
    >>> _ = path.write_text('''
    ... <meetings><meeting observation="ES2004a"><speaker nxt_agent="A" global_name="FEE013"/></meeting>
    ... </meetings>'''.strip())
    >>> read_speakers(path.parent.parent)
    {('ES2004a', 'A'): 'FEE013'}
    """
    path = annotation / "corpusResources" / "meetings.xml"
    if not path.is_file():
        return {}
    names = {}
    for meeting in _parse(path).iter("meeting"):
        for speaker in meeting.iter("speaker"):
            agent, name = speaker.get("nxt_agent"), speaker.get("global_name")
            if agent and name:
                names[meeting.get("observation", ""), agent] = name
    return names


def read_turns(
    annotation: Path,
    meeting: str,
    speakers: dict[tuple[str, str], str],
    left_out: Counter[str] | None = None,
) -> list[AnnotatedEvent]:
    """Turns of all participants of a meeting, empty if it has no files of segments.

    Parameters
    ----------
    annotation : Path
        The folder `ami_public_manual_1.6.2`.
    meeting : str
        Such as "ES2004a".
    speakers : dict of (meeting, agent) to str
        See `read_speakers`; the label of other agents is `<meeting>.<agent>`.
    left_out : Counter of str, optional
        Counts segments that are left out.

    Returns
    -------
    turns : list of AnnotatedEvent, shape (turns,)
        Times are in seconds.

    Raises
    ------
    DataError
        If a file is not valid XML, or a segment has no times.

    Examples
    --------
    >>> folder = getfixture("tmp_path") / "segments"
    >>> folder.mkdir()
    >>> _ = (folder / "ES2004a.A.segments.xml").write_text(
    ...     "<root><segment transcriber_start='1.5' transcriber_end='4'/></root>"
    ... )
    >>> [(turn.label, turn.segment.end) for turn in read_turns(folder.parent, "ES2004a", {})]
    [('ES2004a.A', 4.0)]
    """
    turns: list[AnnotatedEvent] = []
    left_out = Counter() if left_out is None else left_out
    for path in sorted((annotation / "segments").glob(f"{meeting}.*.segments.xml")):
        agent = path.name.split(".")[1]
        label = speakers.get((meeting, agent), f"{meeting}.{agent}")
        turns += _segments(path, meeting, label, left_out)
    return turns


def _segments(path: Path, meeting: str, label: str, left_out: Counter[str]) -> Iterator[AnnotatedEvent]:
    for number, segment in enumerate(_parse(path).iter("segment"), start=1):
        onset, offset = segment.get("transcriber_start"), segment.get("transcriber_end")
        if onset is None or offset is None:
            raise DataError(
                f"Segment {number} has no transcriber_start or no transcriber_end.",
                file=path,
                fix="Get the annotation again.",
            )
        # a few segments of the corpus have no duration
        if onset == offset:
            left_out["turns without a duration"] += 1
            continue
        yield AnnotatedEvent(
            meeting, parse_segment(onset, offset, file=path, line=number), label, path, number
        )


def _parse(path: Path) -> ElementTree.Element:
    try:
        return ElementTree.parse(path).getroot()
    except (ElementTree.ParseError, OSError) as error:
        line = getattr(error, "position", (None,))[0]
        raise DataError(
            f"The file is not valid XML ({error}).", file=path, line=line, fix="Get the annotation again."
        ) from None
