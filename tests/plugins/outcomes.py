"""Expectations of commands that end with an error or a warning, and of the files that they leave."""

USAGE, CONFIG, DATA, BUSY, STORAGE, MEMORY, CHECKPOINT = range(2, 9)
"""Exit statuses of the tree of errors."""


def check(result, code, *expected):
    """One sentence on the screen that holds all that is expected, and the documented exit status."""
    assert "Traceback" not in result.err
    errors = [line for line in result.err.splitlines() if line.startswith("Error: ")]
    assert len(errors) == 1, result.err
    assert [line for line in result.err.splitlines() if not line.startswith(("Error: ", "Warning: "))] == []
    for part in expected:
        assert str(part) in errors[0]
    assert "unexpected" not in errors[0]
    assert errors[0].rstrip().endswith((".", "?", ")"))
    assert result.code == code


def warnings(result):
    """Warnings of a command that went well."""
    assert result.code == 0, result.err
    assert "nan" not in result.out.lower()
    lines = result.err.splitlines()
    assert all(line.startswith("Warning: ") for line in lines), result.err
    return [line.removeprefix("Warning: ") for line in lines]


def leftovers(folder):
    """Temporary files, and files without content."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path for path in files if path.suffix == ".part" or path.stat().st_size == 0]


def contents(folder):
    """Content of each file."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def line_of(path, text):
    """Number of the line that holds a text, counted from 1."""
    return 1 + next(number for number, line in enumerate(path.read_text().splitlines()) if text in line)
