"""pyx12 on the same files, where it and they are present: accepted or refused, as we do at the level of the guide."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from interchanges import READING

from engine.errors import MessageError
from engine.formats import x12

FIXTURES = Path(__file__).parents[4] / "shared/fixtures"
FOLDERS = ("pyx12", "lfh-x12", "edi-835-parser")
#: Guides that both know; the rest of what pyx12 is shipped with is for version 004010.
KNOWN = (
    "005010X212",
    "005010X214",
    "005010X218",
    "005010X220",
    "005010X221",
    "005010X222",
    "005010X223",
    "005010X231",
)
#: Errata that changed no rule that either checks, in the words of pyx12.
SAME = {"005010X222A2": "005010X222A1", "005010X223A3": "005010X223A2"}

pytestmark = pytest.mark.slow


def files() -> list[tuple[str, x12.Document]]:
    found = []
    for folder in FOLDERS:
        for path in sorted((FIXTURES / folder).rglob("*")):
            if not path.is_file() or b"ISA" not in path.read_bytes()[:200]:
                continue
            try:
                document = x12.parse(path.read_bytes(), READING)
            except MessageError:
                continue
            if document.header("GS", 8).startswith(KNOWN):
                found.append((path.name, document))
    return found


def theirs(text: str) -> bool | None:
    """Whether pyx12 accepts a text; None where it cannot say."""
    whole = pytest.importorskip("pyx12.x12n_document")
    params = pytest.importorskip("pyx12.params").params()
    for version, as_theirs in SAME.items():
        text = text.replace(version, as_theirs)
    try:
        return bool(whole.x12n_document(params, io.StringIO(text), io.StringIO(), None))
    except Exception:  # it stops at what it does not know
        return None


def test_both_accept_and_refuse_the_same_files(capsys: pytest.CaptureFixture[str]) -> None:
    """What differs is told by name of file and place; each kind is argued in docs/decisions/."""
    known = files()
    if not known:
        pytest.skip("../shared/fixtures is absent")
    same, differing = 0, []
    for name, document in known:
        answer = theirs(document.text.lstrip("\ufeff"))
        faults = list(x12.check(document, "guide"))
        if answer is None:
            continue
        if answer == (not faults):
            same += 1
        else:
            places = sorted({f"{fault.path} {fault.code}" for fault in faults})
            differing.append(
                f"{name}: {'they' if answer else 'we'} accept; {', '.join(places[:6])}"
            )
    with capsys.disabled():
        print(f"\n{same} of {same + len(differing)} as pyx12; " + "\n  ".join(["", *differing]))
    assert same >= 0.8 * (same + len(differing))
