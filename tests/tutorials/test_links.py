"""Links of all documents lead to files and headings that exist; each page can be reached from the README."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("tutorials/**/*.md"), ROOT / "scripts" / "benchmarks" / "RESULTS.md"]
)
BLOCK = r"(?ms)^```.*?^```"


def anchors(text):
    """Anchors of the headings of a page, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", re.sub(BLOCK, "", text), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(page):
    """Relative links of a page: path of the target, and anchor or None."""
    text = re.sub(BLOCK, "", page.read_text(encoding="utf-8"))
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if not target.startswith("https://"):
            path, _, anchor = target.partition("#")
            found = (page.parent / path).resolve() if path else page
            yield found / "README.md" if found.is_dir() and anchor else found, anchor or None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_and_anchors_exist(page):
    for target, anchor in links(page):
        assert target.exists(), f"{page}: {target}"
        if anchor is not None and target.suffix == ".md":
            assert anchor in anchors(target.read_text(encoding="utf-8")), f"{page}: {target}#{anchor}"


def test_every_page_of_the_tutorials_can_be_reached():
    reached, open_pages = set(), [ROOT / "README.md"]
    while open_pages:
        page = open_pages.pop()
        reached.add(page)
        for target, _ in links(page):
            other = target / "README.md" if target.is_dir() else target
            if other.suffix == ".md" and other.exists() and other not in reached:
                open_pages.append(other)
    assert {page for page in PAGES if page.is_relative_to(ROOT / "tutorials")} <= reached


def test_pictures_are_small():
    for path in ROOT.glob("tutorials/**/*.png"):
        assert path.stat().st_size < 200_000, path


def test_a_missing_heading_is_noticed(tmp_path):
    (tmp_path / "a.md").write_text("# Two words, please\n[here](#two-words-please) [there](a.md#three)\n")
    assert list(links(tmp_path / "a.md")) == [
        (tmp_path / "a.md", "two-words-please"),
        (tmp_path / "a.md", "three"),
    ]
    assert anchors((tmp_path / "a.md").read_text()) == {"two-words-please"}
