"""Encodings of text that other programs have written: UTF-8, UTF-16 and Windows-1252."""

from __future__ import annotations

import codecs

_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def decode(content: bytes, *, whole: bool = True) -> tuple[str, str]:
    r"""Text of some bytes, without a byte order mark, and the name of its encoding.

    UTF-16 is told by its byte order mark, or by a NUL in one of the first two bytes. Bytes that are not UTF-8
    are taken for Windows-1252, in which most bytes are letters: whoever reads such text has to say so.

    Parameters
    ----------
    content : bytes
        All of a file, or its beginning.
    whole : bool, optional
        Whether it is all of a file. If not, an incomplete character at the end is dropped.

    Raises
    ------
    UnicodeDecodeError
        If it is none of them.

    Examples
    --------
    >>> decode("café".encode()), decode("café".encode("cp1252")), decode("café".encode("utf-16"))
    (('café', 'UTF-8'), ('café', 'Windows-1252'), ('café', 'UTF-16'))
    """
    if content[:2] in _UTF_16 or (b"\0" in content[:2] and content[:2] != b"\0\0"):
        little = content[:2] == codecs.BOM_UTF16_LE or content[1:2] == b"\0"
        return _text(content, "utf-16-le" if little else "utf-16-be", whole), "UTF-16"
    try:
        return _text(content, "utf-8", whole), "UTF-8"
    except UnicodeDecodeError:
        return _text(content, "cp1252", whole), "Windows-1252"


def _text(content: bytes, encoding: str, whole: bool) -> str:
    return codecs.getincrementaldecoder(encoding)().decode(content, final=whole).removeprefix("\ufeff")
