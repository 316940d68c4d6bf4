"""
FHIR R4 validation against HL7's own examples and the cases of HL7's validator.

A case is not valid where the reference tells an error. Cases are counted apart, with the reason, where the reference knows more
than the standard: another release, profiles and packages, a terminology server, definitions of questionnaires or measures,
signatures, or an option. Of these none that the reference accepts is left out: those count as ours to accept.
"""

from __future__ import annotations

import json
import re
import tarfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from engine import formats
from engine.errors import MessageError
from engine.fhir import checking
from engine.reading import Reading

Marks = dict[str, tuple[int, int]]
KIND = "fhir validator case"
#: What the reference was given besides the resource.
GIVEN = frozenset(
    {
        *("profile", "profiles", "packages", "supporting", "supporting5", "package-map", "matchetype", "logical"),
        *("fetcher", "scoring", "new-xver-mode", "bundle-param", "generate-shapshot"),
    }
)  # fmt: skip
OPTIONS = frozenset(
    {
        *("security-checks", "validateContains", "validateReference", "noHtmlInMarkdown", "for-publication"),
        *("best-practice", "suppress", "advisor", "certificate", "no-experimental-content", "wrong-displays"),
        *("r5-bundle-relative-reference-policy", "crumb-trail", "ips"),
    }
)  # fmt: skip
MODULES = {
    "tx": "terminology",
    "tx-advanced": "terminology",
    "questionnaire": "questionnaires and measures",
    "measure": "questionnaires and measures",
    "shc": "signatures",
    "dsig": "signatures",
}
#: Errors that a server of terminology, or a package of extensions, makes.
BEYOND = re.compile(
    r"Wrong Display Name|Unknown code|could not be found so is not allowed|value set '|value set http|"
    r"magic LOINC code|not allowed to be used at this point|is not defined by the Extension|\(from http://(?!hl7.org/fhir/StructureDefinition/)"
)


def run(fixtures: Path) -> Marks:
    """Counts of both."""
    return {**_examples(fixtures), **_cases(fixtures)}


def _examples(fixtures: Path) -> Marks:
    found: Marks = {}
    for name, folder in (
        ("official examples accepted", fixtures / "fhir-r4-examples/instances"),
        ("US Core examples accepted", fixtures / "us-core-examples/input"),
    ):
        every = sorted(folder.rglob("*.json"))
        if every:
            found[name] = _accepted((path.name, path.read_bytes()) for path in every)
    packed = sorted((fixtures / "fhir-r4-examples").glob("*.tgz"))
    if packed:
        found["resources of the official package accepted"] = _accepted(_packed(packed[0]))
    return found


def _packed(path: Path) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(path) as package:
        for member in package:
            content = package.extractfile(member) if member.name.endswith(".json") else None
            if content is not None:
                raw = content.read()
                if b'"resourceType"' in raw:
                    yield member.name, raw


def _accepted(every: Iterator[tuple[str, bytes]]) -> tuple[int, int]:
    good = total = 0
    for name, raw in every:
        value = formats.load("json").parse(raw, Reading()).value
        if "resourceType" not in value:
            continue
        total += 1
        first = next(checking.findings(value), None)
        good += first is None
        if first is not None:
            print(f"  refused: {name}: {first[0]}: {first[1]}")
    return good, total


def _cases(fixtures: Path) -> Marks:
    pairs = fixtures / "pairs.json"
    manifest = fixtures / "fhir-test-cases/validator/manifest.json"
    if not pairs.is_file() or not manifest.is_file():
        return {}
    cases = {each["java"]: each for each in json.loads(manifest.read_text("utf-8"))["test-cases"] if isinstance(each.get("java"), str)}  # fmt: skip
    count: Counter[str] = Counter()
    for pair in json.loads(pairs.read_text("utf-8")):
        if pair["kind"] == KIND:
            case = cases.get(pair["expected"].partition("outcomes/")[2], {})
            count[_judged(fixtures, pair, case)] += 1
    valid = count["right"] + count["false error"]
    wrong = count["wrong"] + count["missed"]
    apart = {name: (number, number) for name, number in sorted(count.items()) if name.startswith("apart")}  # fmt: skip
    return {
        "agreement with the validator, R4 cases": (
            count["right"] + count["wrong"],
            valid + wrong,
        ),
        "of these valid, accepted": (count["right"], valid),
        "of these not valid, refused": (count["wrong"], wrong),
        **apart,
    }


def _judged(fixtures: Path, pair: dict[str, Any], case: dict[str, Any]) -> str:
    """What became of a case."""
    if not str(pair["version"]).startswith("4.0"):
        return "apart: another release"
    outcome = json.loads((fixtures / pair["expected"]).read_text("utf-8"))
    errors = [
        str(issue.get("details", {}).get("text", ""))
        for issue in outcome.get("issue", [])
        if issue["severity"] in ("error", "fatal")
    ]
    reason = _reason(pair, case, errors) if errors else ""
    if reason:
        return f"apart: {reason}"
    ours = _refused((fixtures / pair["input"]).read_bytes())
    if errors:
        if not ours:
            print(f"  missed: {pair['input']}: {errors[0][:110]}")
        return "wrong" if ours else "missed"
    if ours:
        print(f"  false error: {pair['input']}: {ours}")
    return "false error" if ours else "right"


def _refused(raw: bytes) -> str:
    try:
        document: Any = formats.load("fhir").parse(raw, Reading())
    except MessageError as error:
        return str(error)
    return next((f"{place}: {rule}" for place, rule in checking.check(document.value, "invariants")), "")  # fmt: skip


def _reason(pair: dict[str, Any], case: dict[str, Any], errors: list[str]) -> str:
    """Why the reference could refuse what by the standard alone is right; "" where it could not."""
    if case.keys() & GIVEN:
        return "profiles, packages"
    if case.keys() & OPTIONS:
        return "options"
    if pair["module"] in MODULES:
        return MODULES[pair["module"]]
    return "terminology" if all(BEYOND.search(each) for each in errors) else ""
