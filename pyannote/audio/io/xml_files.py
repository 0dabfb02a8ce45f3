"""Reading of XML with the line of each element. Documents that declare entities are refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn
from xml.parsers import expat

from pyannote.audio.core.errors import DataError
from pyannote.audio.io.lines import content_of, quoted

DEEPEST = 50
"""Highest number of nested levels."""


@dataclass
class Element:
    """Element of an XML document.

    Parameters
    ----------
    name : str
        With its prefix, if it has one.
    attributes : dict of str to str
    line : int
        Where it begins.
    text : str
        All text directly in it.
    children : list of Element
    """

    name: str
    attributes: dict[str, str]
    line: int
    text: str = ""
    children: list[Element] = field(default_factory=list)

    def all(self, name: str) -> Iterator[Element]:
        """Elements of a name below this one, in their order.

        Examples
        --------
        >>> child = Element("TIER", {}, line=2)
        >>> [one.line for one in Element("ANNOTATION_DOCUMENT", {}, line=1, children=[child]).all("TIER")]
        [2]
        """
        for child in self.children:
            if child.name == name:
                yield child
            yield from child.all(name)


def read_xml(path: Path) -> Element:
    """Read an XML file.

    Returns
    -------
    root : Element

    Raises
    ------
    DataError
        With the line, if it is not valid, has a DOCTYPE, or is nested more deeply than `DEEPEST`.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "a.eaf"
    >>> _ = path.write_text("<A><B c='1'>text</B></A>")
    >>> read_xml(path).children
    [Element(name='B', attributes={'c': '1'}, line=1, text='text', children=[])]
    """
    builder = _Builder(path)
    try:
        builder.parser.Parse(content_of(path), True)
    except expat.ExpatError as error:
        raise builder.error(f"This is not valid XML ({expat.ErrorString(error.code)}).") from None
    except (LookupError, ValueError) as error:
        raise builder.error(f"This XML is in an unknown encoding ({error}).") from None
    return builder.root.children[0]


class _Builder:
    """Builds elements from what the parser finds."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.root = Element("", {}, 1)
        self._open = [self.root]
        self._texts: list[list[str]] = [[]]
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = lambda text: self._texts[-1].append(text)
        # entities could stand for other files, or for gigabytes of text
        self.parser.StartDoctypeDeclHandler = self._refuse

    def error(self, message: str) -> DataError:
        """Error at the present line."""
        line = self.parser.CurrentLineNumber
        return DataError(message, file=self.path, line=line, fix="Save or export the file again.")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._open) > DEEPEST:
            raise self.error(f"This is nested more than {DEEPEST} levels deep.")
        element = Element(name, attributes, self.parser.CurrentLineNumber)
        self._open[-1].children.append(element)
        self._open.append(element)
        self._texts.append([])

    def _end(self, name: str) -> None:
        self._open.pop().text = "".join(self._texts.pop())

    def _refuse(self, name: str, *rest: object) -> NoReturn:
        raise self.error(f"This XML has a DOCTYPE ({quoted(name)}), which is not read.")
