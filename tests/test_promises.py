"""The table of promises names the tests that hold them."""

import re
from pathlib import Path
from types import SimpleNamespace

from promises import BEGIN, END, HEADER, PAGE, replaced, table

ROOT = Path(__file__).parents[1]
HOLDS = re.compile(r"^\s+promise\(", flags=re.MULTILINE)


def report(line, *promises):
    """A report of pytest about a test that passed."""
    properties = [("other", 1), *(("promise", list(promise)) for promise in promises)]
    return SimpleNamespace(user_properties=properties, location=("tests/a.py", line, ""))


def test_each_test_that_holds_a_promise_stands_in_the_table():
    files = {path for path in ROOT.glob("tests/**/test_*.py") if HOLDS.search(path.read_text())}
    _, _, rest = PAGE.read_text().partition(BEGIN)
    named = re.findall(r"`(tests/\S+\.py)` \|$", rest.partition(END)[0], flags=re.MULTILINE)
    assert {ROOT / name for name in named} == files


def test_rows_come_from_reports_in_the_order_of_tests():
    late = report(9, ("Late.", "By a|b.", "0"))
    early = report(2, ("First.", "By.", "1"), ("Second.", "By.", "2"))
    assert table([late, early, report(5)]) == [
        "| First. | By. | 1 | `tests/a.py` |\n",
        "| Second. | By. | 2 | `tests/a.py` |\n",
        "| Late. | By a\\|b. | 0 | `tests/a.py` |\n",
    ]


def test_the_full_size_of_a_test_stands_for_the_quick_one():
    kills = [
        report(1, ("A kill changes nothing.", f"{kills} kills.", "0 bits")) for kills in ("5", "1,000", "50")
    ]
    assert table(kills) == ["| A kill changes nothing. | 1,000 kills. | 0 bits | `tests/a.py` |\n"]


def test_rows_of_files_that_were_run_are_replaced():
    one, two, three = (f"| {name}. | By. | 1 | `tests/{name}.py` |\n" for name in "abc")
    page = f"before\n{BEGIN}{HEADER}{one}{two}{END}after\n"
    assert replaced(page, [three], {"tests/a.py"}) == f"before\n{BEGIN}{HEADER}{two}{three}{END}after\n"
