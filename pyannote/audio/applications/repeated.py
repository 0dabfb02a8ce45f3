"""Command lines in which another argument follows a repeated one, which docopt cannot match."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any


def matched(text: str, argv: Sequence[str]) -> dict[str, Any]:
    """Arguments and options by name, as docopt finds them.

    In a usage that ends with `<these>... <that>`, the last argument is the latter, and those before it, at
    least one, are the former.

    Parameters
    ----------
    text : str
        Help in the form that docopt reads.
    argv : sequence of str
        Words of the command line.

    Raises
    ------
    docopt.DocoptExit
        If they do not fit the usage.

    Examples
    --------
    >>> matched("Usage: copy <files>... <folder>", ["a", "b", "c"])
    {'<files>': ['a', 'b'], '<folder>': 'c'}
    """
    import docopt

    both = re.search(r"(<\w+>)\.\.\. (<\w+>)$", text, re.MULTILINE)
    if both is None:
        return dict(docopt.docopt(text, argv=argv, default_help=False))
    repeated, last = both.groups()
    # to docopt, a repeated argument leaves nothing for another one
    found = docopt.docopt(text.replace(both.group(), f"{repeated}..."), argv=argv, default_help=False)
    *several, final = found[repeated]
    if not several:
        raise docopt.DocoptExit
    return {**found, repeated: several, last: final}
