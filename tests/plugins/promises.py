"""Promises that tests hold, as a table in ARCHITECTURE.md.

A test that holds a promise says so with the fixture `promise`, when it is held:

    promise("No state is torn.", "Die at each write of a checkpoint.", f"{points} points, {torn} torn")

With `--promises`, the rows of all test files that were run are written anew, from the tests that have passed.
"""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "ARCHITECTURE.md"
BEGIN, END = "<!-- promises: begin -->\n", "<!-- promises: end -->\n"
NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")
HEADER = "| promise | how it is tested | found | test |\n|---|---|---|---|\n"


@pytest.fixture
def promise(record_property):
    """Say what a test holds (a sentence), by which procedure, and the figure that was found."""

    def held(promise, procedure, figure):
        record_property("promise", [promise, procedure, str(figure)])

    return held


def pytest_addoption(parser):
    parser.addoption("--promises", action="store_true", help="write the table of promises to ARCHITECTURE.md")


def table(reports):
    """Rows of the promises of tests that have passed, in the order of files and tests.

    Of those that differ in numbers alone, such as a quick test and the same one at full size, that with the
    larger numbers stands for both. What was found by one procedure for several classes is one row.
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
    """Those of what was found, and then those of the procedure."""
    return [float(number.replace(",", "")) for number in NUMBER.findall(" ".join(reversed(cells)))]


def row(file, cells):
    escaped = " | ".join(cell.replace("|", "\\|") for cell in cells)
    return f"| {escaped} | `{file}` |\n"


def file_of(row):
    return row.rpartition("`")[0].rpartition("`")[2]


def replaced(page, rows, files):
    """A page with other rows of some test files."""
    before, _, rest = page.partition(BEGIN)
    present, _, after = rest.partition(END)
    kept = [
        row for row in present.removeprefix(HEADER).splitlines(keepends=True) if file_of(row) not in files
    ]
    # the order of rows of a file stays
    return f"{before}{BEGIN}{HEADER}{''.join(sorted(kept + rows, key=file_of))}{END}{after}"


def pytest_terminal_summary(terminalreporter, config):
    # with xdist, reports of all workers come here
    if config.getoption("--promises"):
        run = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
        rows = table(terminalreporter.getreports("passed"))
        PAGE.write_text(replaced(PAGE.read_text(), rows, {report.location[0] for report in run}))
