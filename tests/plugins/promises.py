"""Table of promises in tests/PROMISES.md, written by the tests that hold them.

A test reports a promise with the fixture `promise` once it has checked it:

    promise("No state is torn.", "Die at each write of a checkpoint.", f"{points} points, {torn} torn")

With `--promises`, the rows of all test files of this run are replaced by those of the tests that passed.
"""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[1] / "PROMISES.md"
BEGIN, END = "<!-- promises: begin -->\n", "<!-- promises: end -->\n"
NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")
HEADER = "| promise | how it is tested | found | test |\n|---|---|---|---|\n"


@pytest.fixture
def promise(record_property):
    """Report a promise (a sentence), the procedure that tests it, and the figure that was found."""

    def held(promise, procedure, figure):
        record_property("promise", [promise, procedure, str(figure)])

    return held


def pytest_addoption(parser):
    parser.addoption(
        "--promises", action="store_true", help="write the table of promises to tests/PROMISES.md"
    )


def table(reports):
    """Rows of the promises of tests that passed, in the order of files and tests.

    Of rows that differ in numbers alone, such as those of a quick test and of the same test at full size, the
    one with the larger numbers is taken. Figures of one procedure for several classes share one row.
    """
    held = {}
    for report in reports:
        file, line, _ = report.location
        for cells in (value for name, value in report.user_properties if name == "promise"):
            key = file, line, NUMBER.sub("#", " ".join(cells))
            held[key] = max(held.get(key, cells), cells, key=numbers)
    rows = {}
    for (file, _, _), (promise, procedure, figure) in sorted(held.items()):
        rows.setdefault((promise, procedure, file), []).append(figure)
    return [
        row(file, [promise, procedure, "; ".join(figures)])
        for (promise, procedure, file), figures in rows.items()
    ]


def numbers(cells):
    """Numbers of the figure, followed by those of the procedure."""
    return [float(number.replace(",", "")) for number in NUMBER.findall(" ".join(reversed(cells)))]


def row(file, cells):
    escaped = " | ".join(cell.replace("|", "\\|") for cell in cells)
    return f"| {escaped} | `{file}` |\n"


def file_of(row):
    return row.rpartition("`")[0].rpartition("`")[2]


def replaced(page, rows, files):
    """A page in which the rows of some test files are replaced."""
    before, _, rest = page.partition(BEGIN)
    present, _, after = rest.partition(END)
    kept = [
        row for row in present.removeprefix(HEADER).splitlines(keepends=True) if file_of(row) not in files
    ]
    # the order of rows of a file stays
    return f"{before}{BEGIN}{HEADER}{''.join(sorted(kept + rows, key=file_of))}{END}{after}"


def pytest_terminal_summary(terminalreporter, config):
    # with xdist, the reports of all workers arrive in their parent, which alone writes
    if config.getoption("--promises") and not hasattr(config, "workerinput"):
        run = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
        rows = table(terminalreporter.getreports("passed"))
        PAGE.write_text(replaced(PAGE.read_text(), rows, {report.location[0] for report in run}))
