"""`corridor docs`: what a home does, written from what is loaded."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from engine.channel import Home
from engine.cli.commands import app
from engine.reference.document import Code, Document
from engine.reference.interfaces import pages

ROOT = Path(__file__).parents[2]
NASTY = "<script>alert(1)</script> | *not* `code` [x](javascript:1) & </td>"


class Tags(HTMLParser):
    """Checks that every tag is closed."""

    VOID = ("meta", "rect", "path")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.met: set[str] = set()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.met.add(tag)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        self.met.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def tags(page: str) -> Tags:
    found = Tags()
    found.feed(page)
    assert found.open == []
    return found


@pytest.fixture(scope="module")
def shipped(shipped_home: Home) -> dict[str, str]:
    return pages(shipped_home)


def test_every_channel_and_mapping_has_its_pages(
    shipped: dict[str, str], shipped_home: Home
) -> None:
    home = shipped_home
    names = {f"channels/{name}" for name in home.channels}
    assert names | {"mappings/dft_p03_to_charge_event", "README"} <= {
        path.removesuffix(".md") for path in shipped if path.endswith(".md")
    }
    assert len([path for path in shipped if path.endswith(".html")]) * 2 == len(shipped)
    assert home.channels["adt_feed"].release in shipped["channels/adt_feed.html"]


def test_a_channel_says_what_it_does(shipped: dict[str, str]) -> None:
    page = shipped["channels/or_supply_usage.md"]
    for said in (
        "revenue-integrity",
        "source: mllp · hl7v2\n  -> accept: this channel takes DFT^P03 only\n  -> transform",
        "| <code>supply\\_item</code> |",
        "## Examples",
        "given: samples/hl7v2/dft_p03.hl7",
    ):
        assert said in page, said


def test_a_mapping_says_which_field_comes_from_where(shipped: dict[str, str]) -> None:
    page = shipped["mappings/dft_p03_to_charge_event.html"]
    row = "<tr><td><code>occurred_at</code></td><td><code>FT1-4.1 | datetime</code></td><td><code>FT1-4.1</code></td></tr>"
    assert row in page
    assert "&quot;credit&quot; where " in page
    edit = shipped["mappings/adt_to_downstream.html"]
    assert "<code>set · MSH-5</code>" in edit


def test_pages_are_whole_and_carry_no_script(shipped: dict[str, str]) -> None:
    for path, page in shipped.items():
        if path.endswith(".html"):
            assert "script" not in tags(page).met
            for drawing in re.findall(r"<svg.*?</svg>", page, re.DOTALL):
                ElementTree.fromstring(drawing)


def test_links_lead_somewhere(shipped: dict[str, str]) -> None:
    for path, page in shipped.items():
        is_html = path.endswith(".html")
        link = r'href="([^"]+)"' if is_html else r"(?<!\\)\]\(([^)]+)\)"
        for target in re.findall(link, page):
            there = (Path("/") / path).parent / target
            name = str(Path(*[part for part in there.parts[1:] if part != ".."])) if ".." not in target else "/".join(target.split("/")[1:])  # fmt: skip
            assert name in shipped, f"{path}: {target}"


def test_what_comes_from_files_is_escaped() -> None:
    page = Document(NASTY)
    page.say(NASTY)
    page.table(["a"], [(NASTY,), (Code(NASTY),)])
    page.code(NASTY + "\n```\n")
    made = page.html()
    assert "<script" not in made and tags(made).met >= {"table", "pre"}
    written = page.markdown().replace("```", "")
    before, _, _ = written.partition("text\n<script")
    assert not re.search(r"(?<!\\)<(?!/?code>)", before)
    assert all(line.replace("\\|", "").count("|") == 2 for line in before.split("\n") if line.startswith("|"))  # fmt: skip


def test_the_command_writes_and_checks(tmp_path: Path) -> None:
    def ran(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, ["--home", str(ROOT / "samples"), "docs", "--out", str(tmp_path), *arguments])  # fmt: skip
        return done.exit_code, done.stdout

    assert ran("--check")[0] == 1
    assert ran()[0] == 0
    assert ran("--check")[0] == 0
    (tmp_path / "index.html").write_text("old")
    assert ran("--check") == (1, "index.html\n")
