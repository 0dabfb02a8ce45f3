"""Promises that tests hold, as a table in ARCHITECTURE.md.

A test that holds a promise says so with the fixture `promise`, when it is held:

    promise("No state is torn.", "Die at each write of a checkpoint.", f"{points} points, {torn} torn")

With `--promises`, the table is written anew from all tests that have passed in this run.
"""

from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "ARCHITECTURE.md"
BEGIN, END = "<!-- promises: begin -->\n", "<!-- promises: end -->\n"
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
    """Rows of the promises of tests that have passed, in the order of files and tests."""
    rows = {}
    for report in reports:
        for count, (_, value) in enumerate(one for one in report.user_properties if one[0] == "promise"):
            file, line, _ = report.location
            cells = [*value, f"`{file}`"]
            rows[file, line, report.nodeid, count] = " | ".join(cell.replace("|", "\\|") for cell in cells)
    return HEADER + "".join(f"| {rows[key]} |\n" for key in sorted(rows))


def replaced(page, text):
    """A page with another table between its marks."""
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}{text}{END}{rest.partition(END)[2]}"


def pytest_terminal_summary(terminalreporter, config):
    # with xdist, reports of all workers come here
    if config.getoption("--promises"):
        PAGE.write_text(replaced(PAGE.read_text(), table(terminalreporter.getreports("passed"))))
