"""Every example of the guide runs: files load, expressions give what the page says, commands end well."""

from __future__ import annotations

import ast
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import typer
from typer.testing import CliRunner

from engine import check, formats, mapping
from engine.channel import load_all
from engine.cli.commands import app
from engine.formats import Reading, Scope, Shape
from engine.mapping import Language, Shelf, expression, tables
from engine.message import Context, Facts, Inbound
from engine.placed import Mistakes, Place, Scalar, read
from tests.ports import free_port

ROOT = Path(__file__).parents[1]
PAGES = sorted([*(ROOT / "docs/guide").glob("*.md"), ROOT / "README.md"])
COMMAND = (sys.executable, "-c", "from engine.cli import main; main()")
DOCUMENTS = [*PAGES, *(ROOT / name for name in ("ARCHITECTURE.md", "CONTRIBUTING.md"))]


class Block(NamedTuple):
    """One fenced block of a page."""

    kind: str
    """What stands behind the fence: `yaml`, `console run`."""
    text: str
    line: int

    def file(self) -> str:
        """The file that its first line names, `# mappings/x.yaml`; empty where it names none."""
        found = re.match(r"# ((?:channels|mappings|samples)/\S+|config\.yaml)\n", self.text)
        return found[1] if found else ""


def blocks(page: Path) -> Iterator[Block]:
    text = page.read_text("utf-8")
    for found in re.finditer(r"^```(.*)\n((?:.*\n)*?)```$", text, re.MULTILINE):
        yield Block(found[1].strip(), found[2], text[: found.start()].count("\n") + 2)


def write(home: Path, block: Block) -> None:
    path = home / block.file()
    path.parent.mkdir(parents=True, exist_ok=True)
    text = block.text
    if path.suffix in (
        ".hl7",
        ".csv",
        ".txt",
        ".json",
        ".xml",
        ".xsd",
        ".xsl",
    ):  # the line that names the file is none of it
        text = text.partition("\n")[2]
    if path.suffix == ".hl7":
        text = text.replace("\n", "\r")
    path.write_text(text, "utf-8", newline="")


#: The page that is about the shipped mappings, which are loaded where they are named; other pages write all that they name.
PACKS = "packs.md"


@pytest.fixture
def home(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A home with the shipped code tables, layouts and samples, and none of the channels."""
    callspec = getattr(request.node, "callspec", None)
    if callspec is not None and getattr(callspec.params.get("page"), "name", "") == PACKS:
        recalls = shutil.ignore_patterns("charge_events_to_claim.yaml", "claim_enriched.yaml")
        shutil.copytree(ROOT / "mappings", tmp_path / "mappings", ignore=recalls)
        shutil.copytree(ROOT / "samples/x12", tmp_path / "samples/x12")
    else:
        declared = shutil.ignore_patterns("*.yaml")
        shutil.copytree(ROOT / "mappings/tables", tmp_path / "mappings/tables", ignore=declared)
        shutil.copytree(ROOT / "mappings/layouts", tmp_path / "mappings/layouts")
    (tmp_path / "channels").mkdir()
    return tmp_path


def names(page: Path) -> str:
    return page.name


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_the_files_of_a_page_load_and_the_tests_of_its_channels_pass(
    page: Path, home: Path
) -> None:
    for block in blocks(page):
        if block.file():
            write(home, block)
    mistakes = Mistakes()
    shelf = Shelf(home, mistakes)
    for block in blocks(page):
        folder, _, name = block.file().rpartition("/")
        if folder == "mappings" and name.endswith(".yaml"):
            shelf.find(name.removesuffix(".yaml"), "UTC", {})
    assert [str(mistake) for mistake in mistakes] == []
    loaded = load_all(home, lenient=page.name == PACKS)
    assert [str(mistake) for mistake in loaded.mistakes] == []
    results = check.run_all(loaded)
    assert [result.text() for result in results if not result.passed] == []


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_every_block_of_yaml_is_yaml(page: Path) -> None:
    for block in blocks(page):
        if block.kind == "yaml":
            mistakes = Mistakes()
            read(block.text, f"{page.name}:{block.line}", mistakes)
            assert [str(mistake) for mistake in mistakes] == []


# -- expressions ------------------------------------------------------------------------------------------------


def examples() -> list[Any]:
    page = ROOT / "docs/guide/expressions.md"
    found = []
    for block in blocks(page):
        if block.kind == "expressions":
            for at, line in enumerate(block.text.splitlines()):
                text, arrow, value = line.partition(" -> ")
                assert arrow, f"{page.name}:{block.line + at}"
                found.append(pytest.param(text.strip(), value.strip(), id=text.strip()))
    return found


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the shipped code tables, which expressions read."""
    home = tmp_path_factory.mktemp("asked")
    declared = shutil.ignore_patterns("*.yaml")
    shutil.copytree(ROOT / "mappings/tables", home / "mappings/tables", ignore=declared)
    return home


@pytest.fixture(scope="module")
def message() -> bytes:
    page = ROOT / "docs/guide/expressions.md"
    (text,) = [block.text for block in blocks(page) if block.kind == "hl7"]
    return text.replace("\n", "\r").encode()


@pytest.mark.parametrize(("text", "expected"), examples())
def test_an_expression_gives_what_the_page_says(
    text: str, expected: str, message: bytes, asked: Path
) -> None:
    hl7v2, mistakes = formats.load("hl7v2"), Mistakes()
    language = Language(
        shape=Shape(format="hl7v2"),
        format=hl7v2,
        mistakes=mistakes,
        tables=tables.Tables(asked, mistakes),
        zone="America/Chicago",
    )
    place = Place(file="expressions.md", line=1, column=1)
    compiled = expression(Scalar(text=text, style="plain", place=place), language)
    assert compiled is not None, [str(mistake) for mistake in mistakes]
    facts = Facts(inbound=Inbound(raw=message, received_at=0.0), context=Context(now=0.0))
    scope = Scope(hl7v2.parse(message, Reading()), facts)
    assert shown(compiled.run(scope)) == expected


def shown(value: Any) -> str:
    """A value as the page writes it."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return "[" + ", ".join(shown(each) for each in value) + "]"
    if isinstance(value, str):
        assert ast.literal_eval(repr(value)) == value
        return f'"{value}"'
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def test_the_edit_of_the_guide_makes_what_the_page_says(home: Path) -> None:
    found = list(blocks(ROOT / "docs/guide/mappings.md"))
    (rules,) = [each for each in found if each.file() == "mappings/for_the_lab.yaml"]
    before, after = [each.text.replace("\n", "\r") for each in found if each.kind == "hl7"]
    write(home, rules)
    edit = mapping.load("for_the_lab", home, Mistakes())
    assert edit is not None
    document = formats.load("hl7v2").parse(before.encode(), Reading())
    facts = Facts(inbound=Inbound(raw=b"", received_at=0.0), context=Context(now=0.0))
    assert edit.apply(document, facts)[0].payload.decode() == after


# -- commands ---------------------------------------------------------------------------------------------------


def corridor(arguments: list[str], home: Path) -> subprocess.CompletedProcess[str]:
    command = [*COMMAND, *arguments]
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "HOME": str(home)}
    return subprocess.run(
        command,
        cwd=home,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.slow
def test_the_first_channel_runs_as_the_guide_says(tmp_path: Path) -> None:
    """Every command of first-channel.md, in its order, in one home; a free port stands for the page's."""
    port, running = str(free_port()), []
    try:
        for block in blocks(ROOT / "docs/guide/first-channel.md"):
            here = block._replace(text=block.text.replace("2582", port))
            if here.file():
                write(tmp_path, here)
            for line in here.text.splitlines() if here.kind.startswith("console") else ():
                arguments = shlex.split(line.removeprefix("$ corridor "))
                if here.kind == "console run":
                    running.append(start(arguments, tmp_path, int(port)))
                    continue
                done = corridor(arguments, tmp_path)
                assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
                time.sleep(0.2)
        assert list((tmp_path / "out/notes").glob("*.json")), "no note was written"
    finally:
        for process in running:
            process.terminate()
            process.wait(10)


def test_the_tables_of_the_guide_change_as_the_page_says(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every command of tables.md, in its order, in one home, with what the page shows; days and blanks aside."""
    for name in ("USER", "LOGNAME"):
        monkeypatch.setenv(name, "ann")
    monkeypatch.delenv("SUDO_USER", raising=False)
    monkeypatch.chdir(home)
    page = list(blocks(ROOT / "docs/guide/tables.md"))
    for block in page:
        if block.file():
            write(home, block)
    for block in page:
        for told in block.text.split("$ corridor ")[1:] if block.kind == "console" else ():
            command, _, expected = told.partition("\n")
            done = CliRunner().invoke(app, shlex.split(command))
            assert plainly(done.stdout) == plainly(expected), f"{command}\n{done.output}"
    done = CliRunner().invoke(app, ["tables", "diff", "cdm", "1", "2"])
    assert done.stdout in [block.text for block in page]
    done = CliRunner().invoke(app, ["tables", "export", "cdm"])
    assert done.stdout == (home / "samples/tables/cdm.csv").read_text("utf-8")


def test_the_coverage_of_the_guide_is_what_the_page_shows(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every command of testing.md that the page shows with what it prints."""
    monkeypatch.chdir(home)
    page = list(blocks(ROOT / "docs/guide/testing.md"))
    for block in page:
        if block.file():
            write(home, block)
    (shown_,) = [block.text for block in page if block.kind == "console"]
    command, _, expected = shown_.removeprefix("$ corridor ").partition("\n")
    done = CliRunner().invoke(app, shlex.split(command))
    assert plainly(done.stdout) == plainly(expected), done.output


def plainly(text: str) -> list[str]:
    """Lines without the day and the time of day, one blank for many."""
    days = re.sub(r"\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d)?", "DAY", text)
    return [" ".join(line.split()) for line in days.splitlines()]


def test_a_mistake_in_the_first_channel_is_named_as_the_guide_says(tmp_path: Path) -> None:
    for block in blocks(ROOT / "docs/guide/first-channel.md"):
        if block.file():
            write(tmp_path, block)
    mapping_file = tmp_path / "mappings/discharge_note.yaml"
    text = mapping_file.read_text("utf-8")
    mapping_file.write_text(text.replace("PV1-45 | datetime", "PV1-45 | datetme"), "utf-8")
    done = corridor(["check"], tmp_path)
    assert done.returncode == 1
    assert re.search(r"mappings/discharge_note\.yaml:\d+:\d+", done.stdout)
    assert "did you mean 'datetime'?" in done.stdout


def start(arguments: list[str], home: Path, port: int) -> subprocess.Popen[bytes]:
    """A command that goes on; returns when it listens."""
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=home,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "HOME": str(home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    for _ in range(200):
        with socket.socket() as attempt:
            if attempt.connect_ex(("127.0.0.1", port)) == 0:
                return process
        if process.poll() is not None:
            break
        time.sleep(0.05)
    process.kill()
    raise AssertionError("the engine does not listen")


def test_the_commands_that_pages_mention_exist() -> None:
    """`corridor WORD` in any document is a command, and each of its options an option of it."""
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    for document in DOCUMENTS:
        for found in re.finditer(r"`corridor ([a-z]+)([^`]*)`", document.read_text("utf-8")):
            assert found[1] in commands, f"{document.name}: corridor {found[1]}"
            command = commands[found[1]]
            options = {word for each in command.params for word in each.opts}
            for option in re.findall(r"--[a-z-]+", found[2]):
                inner = getattr(command, "commands", None)
                assert inner or option in options, f"{document.name}: {found[0]}"


# -- pages ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("document", DOCUMENTS, ids=names)
def test_links_lead_somewhere(document: Path) -> None:
    text = document.read_text("utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if not target.startswith("http"):
            path, _, anchor = target.partition("#")
            found = (document.parent / path) if path else document
            assert found.exists(), f"{document.name}: {target}"
            if anchor:
                heads = re.findall(r"^#+ (.*)$", found.read_text("utf-8"), re.MULTILINE)
                assert anchor in {head.lower().replace(" ", "-") for head in heads}, target


def test_the_channel_of_the_readme_is_the_shipped_one() -> None:
    """The README shows an excerpt: every line of it stands in the shipped files."""
    shipped = "\n".join(
        (ROOT / name).read_text("utf-8")
        for name in ("channels/or_supply_usage.yaml", "mappings/dft_p03_to_charge_event.yaml")
    )
    lines = {line.partition(" #")[0].strip() for line in shipped.splitlines()}
    for block in blocks(ROOT / "README.md"):
        if block.kind == "yaml":
            for line in block.text.splitlines():
                assert line.strip() in lines | {""}, line


def test_the_tree_of_the_architecture_page_is_the_tree() -> None:
    (tree,) = [each for each in blocks(ROOT / "ARCHITECTURE.md") if "engine/\n" in each.text]
    above, _, below = tree.text.partition("\nengine/\n")
    for folder, text in ((ROOT, above), (ROOT / "engine", below)):
        for line in text.splitlines():
            for name in re.findall(
                r"[a-z]+(?:\.py|\.yaml|/)(?= |$)", line[: line.find("   ") + 1]
            ):
                assert (folder / name).exists(), f"{name} is not in {folder.name}"
    said = set(re.findall(r"[a-z]+(?=\.py|/)", below))
    there = {path.stem for path in (ROOT / "engine").iterdir() if not path.name.startswith("_")}
    small = {"logfile", "shapes"}
    assert there - said - small == set()
