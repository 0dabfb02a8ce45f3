"""Findings about recordings whose names say that they are of one source with a training recording.

Names of recordings of one source differ in their last part alone: `bridge-1` and `bridge-2`, `ES2002a` and
`ES2002b`, `city/0012_3` and `city/0012_4`. Other names have common beginnings, too: all of `a001` to `a016`,
or those of one class. They are told apart by numbers: sources are many, and have few recordings each.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from pyannote.audio.core.counted import counted
from pyannote.audio.core.findings import Finding
from pyannote.audio.database.checks.shared_sounds import FIX
from pyannote.audio.database.checks.subsets import Subset
from pyannote.audio.io.lines import quoted

LEAST_SOURCES = 5
"""Sources of a protocol, at least: of fewer, nothing can be told."""

MEAN_SIZE = 1.5
"""Recordings of a source, at least, on average."""

_LAST = re.compile(r"(?<=[a-zA-Z])\d+$|(?<=\d)[a-zA-Z]$")
_PART = re.compile(r"[-_. #/]+[^-_. #/]*$")


def sources_in(names: Sequence[str]) -> dict[str, str]:
    """Source of each recording, as far as names tell it: empty if they do not.

    Last parts of all names are taken away, first a number behind letters or a letter behind a number, then
    what is between separators, until names become equal. What is left is a source if there are
    `LEAST_SOURCES` or more, with `MEAN_SIZE` recordings or more on average, and fewer than there are sources.

    Parameters
    ----------
    names : sequence of str, shape (recordings,)

    Examples
    --------
    >>> sources_in(["a1-x", "a1-y", "a2-x", "a3-x", "a3-y", "a4-x", "a4-y", "a5-x", "a5-y"])["a1-y"]
    'a1'
    >>> sources_in([f"a{number:03d}" for number in range(16)])
    {}
    """
    left = dict(zip(names, names, strict=True))
    for pattern in (_LAST, _PART, _PART, _PART):
        left = {name: pattern.sub("", rest) or rest for name, rest in left.items()}
        sources = len(set(left.values()))
        if len(left) >= MEAN_SIZE * sources:
            return left if sources >= LEAST_SOURCES and sources**2 > len(left) else {}
    return {}


def shared_names(subsets: Sequence[Subset]) -> Iterator[Finding]:
    """Findings about subsets with recordings of sources of train, one for each subset.

    Parameters
    ----------
    subsets : sequence of Subset, shape (subsets,)

    Examples
    --------
    >>> train = Subset("train", uris=[(f"{place}-1", 1) for place in ("bank", "bar", "bus", "park", "quay")])
    >>> development = Subset("development", uris=[(f"{place}-2", 1) for place in ("bank", "bar", "bus")])
    >>> [finding.message.partition(",")[0] for finding in shared_names([train, development])]
    ['3 of 3 development recordings have the names of training recordings but for the end']
    """
    names = {subset.name: [uri for uri, _ in subset.uris] for subset in subsets}
    sources = sources_in(list(dict.fromkeys(uri for own in names.values() for uri in own)))
    if not sources:
        return
    trained = {sources[uri]: uri for uri in reversed(names.get("train", ()))}
    for subset in (subset for subset in subsets if subset.name != "train"):
        known = set(names["train"]) if "train" in names else set()
        found = [uri for uri in names[subset.name] if sources[uri] in trained and uri not in known]
        if found:
            yield _finding(subset, found, sources, trained)


def _finding(
    subset: Subset, found: Sequence[str], sources: Mapping[str, str], trained: Mapping[str, str]
) -> Finding:
    have = f"of {len(subset.uris)} {subset.name} recordings " + ("has" if len(found) == 1 else "have")
    shared = counted(len(Counter(sources[uri] for uri in found)), "source")
    return Finding(
        "source",
        f"{len(found)} {have} the names of training recordings but for the end, such as {quoted(found[0])} "
        f"and {quoted(trained[sources[found[0]]])} (train): if {shared} of both are meant, what the model "
        f"remembers of them counts in figures of {subset.name}.",
        FIX,
        subset.listing,
        subset.lines[found[0]] or None,
    )
