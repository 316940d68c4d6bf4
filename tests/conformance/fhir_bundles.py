"""
HL7 v2 messages against the Bundles that others make of them: Microsoft's FHIR converter (one mapping's opinion, so resources, key fields and
references are compared, not bytes) and the end-to-end rows of ReportStream without its own extensions.

`python -m tests.conformance.fhir_bundles [FOLDER]` lists the marks for each trigger event.
"""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from engine import formats
from engine.errors import MessageError
from engine.fhir import checking
from engine.mapping import shelf
from engine.mapping.files import Mapping
from engine.message import Context, Facts, Inbound
from engine.placed import Mistakes
from engine.reading import Reading

ROOT = Path(__file__).parents[2]
KINDS = {
    "hl7->fhir bundle (Microsoft templates)": "",
    "reportstream config FHIR": "reportstream ",
}
#: Elements that say what a resource is about; what makes them is the message, not the taste of a mapping.
KEYS = frozenset(
    """
    identifier name status code gender birthDate telecom address class period valueQuantity valueString valueCodeableConcept
    effectiveDateTime effectivePeriod issued occurrenceDateTime recorded intent type start end quantity collection priority
    relationship eventCoding participant interpretation vaccineCode medicationCodeableConcept description authoredOn date
    onsetDateTime performedDateTime serviced created subscriberId category note receivedTime
    """.split()  # noqa: SIM905
)
#: Parts of the values there that are how a mapping writes it: systems, displays, extensions.
ASIDE = frozenset(
    {"system", "display", "extension", "url", "reference", "use", "version", "assigner", "text"}
)


class Agreement(msgspec.Struct):
    """How much of what others made is in ours."""

    valid: Counter[bool] = msgspec.field(default_factory=Counter)
    types: Counter[bool] = msgspec.field(default_factory=Counter)
    counts: Counter[bool] = msgspec.field(default_factory=Counter)
    fields: Counter[bool] = msgspec.field(default_factory=Counter)
    references: Counter[bool] = msgspec.field(default_factory=Counter)

    def marks(self, of: str) -> dict[str, tuple[int, int]]:
        """`{mark: (good, total)}`."""
        names = {
            "valid": "messages that give a valid Bundle",
            "types": "types of resources",
            "counts": "types with as many resources",
            "fields": "key fields",
            "references": "references",
        }
        found = {text: getattr(self, name) for name, text in names.items()}
        return {of + text: (each[True], each.total()) for text, each in found.items()}


def run(fixtures: Path) -> dict[str, tuple[int, int]]:
    """The marks over all messages."""
    total: dict[str, Agreement] = defaultdict(Agreement)
    for kind, _, message, theirs in _pairs(fixtures):
        compare(total[kind], made(message), theirs)
    return {
        mark: value for kind, one in total.items() for mark, value in one.marks(kind).items()
    }


def _pairs(fixtures: Path) -> Iterator[tuple[str, str, bytes, dict[str, Any]]]:
    listed = fixtures / "pairs.json"
    if not listed.is_file():
        return
    for pair in json.loads(listed.read_text("utf-8")):
        if pair["kind"] in KINDS:
            raw = (fixtures / pair["input"]).read_bytes().removeprefix(b"\xef\xbb\xbf")
            theirs = json.loads((fixtures / pair["expected"]).read_text("utf-8-sig"))
            event = raw.split(b"|", 9)[8].decode("latin-1")[:7]
            yield KINDS[pair["kind"]], event, raw, theirs


_SHELF = shelf.Shelf(ROOT, Mistakes(), None)


def chosen(raw: bytes) -> Mapping | None:
    """The mapping that chooses among all; None where there is none."""
    try:
        return _SHELF.find("hl7v2_to_fhir", "UTC", {})
    except LookupError:
        kind = raw.split(b"|", 9)[8][:3].decode("latin-1").lower()
        try:
            return _SHELF.find(f"hl7v2_{'oru' if kind == 'oul' else kind}_to_fhir", "UTC", {})
        except LookupError:
            return None


def made(raw: bytes) -> dict[str, Any] | None:
    """Our Bundle; None where the message gives none, or one that is not valid."""
    mapping = chosen(raw)
    if mapping is None:
        return None
    facts = Facts(inbound=Inbound(raw=raw, received_at=0.0), context=Context(now=0.0))
    try:
        products = mapping.apply(formats.load("hl7v2").parse(raw, Reading()), facts)
    except MessageError as error:
        if __name__ == "__main__":
            print(f"    {error}"[:300])
        return None
    if not products:
        return None
    ours: dict[str, Any] = json.loads(products[0].payload)
    return None if list(checking.findings(ours)) else ours


Resource = dict[str, Any]


def compare(into: Agreement, ours: dict[str, Any] | None, theirs: dict[str, Any]) -> None:
    """Count what of theirs is in ours."""
    into.valid[ours is not None] += 1
    mine, others = _by_type(ours or {}), _by_type(theirs)
    same: dict[str, str] = {}
    """Their address of a resource, and ours of the one that is most like it."""
    for name, resources in others.items():
        into.types[name in mine] += 1
        into.counts[len(mine.get(name, ())) == len(resources)] += 1
        for url, other in resources.items():
            found = _fields(other)
            url_of_mine, most = _most_alike(found, mine.get(name, {}), set(same.values()))
            if url_of_mine:
                same[url] = url_of_mine
            into.fields[True] += most
            into.fields[False] += found.total() - most
    _references(into, mine, others, same)


def _by_type(bundle: dict[str, Any]) -> dict[str, dict[str, Resource]]:
    """Resources by type and by what points at them."""
    found: dict[str, dict[str, Resource]] = defaultdict(dict)
    for entry in bundle.get("entry", ()):
        resource = entry["resource"]
        bare = f"{resource['resourceType']}/{resource.get('id')}"
        url = entry["fullUrl"] if bundle.get("entry") and _pointed(bundle, entry) else bare
        found[resource["resourceType"]][url] = resource
    return found


def _pointed(bundle: dict[str, Any], entry: dict[str, Any]) -> bool:
    """Whether references name full addresses there, as ours do; theirs name type and id."""
    return bundle.get("type") == "message" and str(entry["fullUrl"]).startswith("urn:uuid:")


def _most_alike(
    wanted: Counter[Any], among: dict[str, Resource], taken: set[str]
) -> tuple[str, int]:
    best, most = "", -1
    for url, resource in among.items():
        if url not in taken:
            alike = (wanted & _fields(resource)).total()
            if alike > most:
                best, most = url, alike
    return best, max(most, 0)


def _fields(resource: Resource) -> Counter[Any]:
    """The values of the key fields, each with the element in which it stands."""
    return Counter(
        (name, _plain(value))
        for name, inner in resource.items()
        if name in KEYS
        for value in _leaves(inner)
    )


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if name not in ASIDE and not name.startswith("_"):
                yield from _leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner)
    else:
        yield value


def _plain(value: Any) -> str:
    """A moment as one of UTC, to the minute; a number without needless zeros; a text without blanks and case."""
    text = str(value)
    if len(text) >= 16 and text[10:11] == "T":
        try:
            return datetime.fromisoformat(text).astimezone(UTC).strftime("%Y%m%d%H%M")
        except ValueError:
            return text
    return "".join(each for each in text.lower() if each.isalnum())


def _references(
    into: Agreement,
    mine: dict[str, dict[str, Resource]],
    others: dict[str, dict[str, Resource]],
    same: dict[str, str],
) -> None:
    """Their references between resources that are in both."""
    known = {url for resources in others.values() for url in resources}
    for name, resources in others.items():
        for url, other in resources.items():
            ours = mine.get(name, {}).get(same.get(url, ""), {})
            pointing = Counter((path, to) for path, to in _pointing(ours))
            for path, to in _pointing(other):
                if to in known:
                    there = (path, same.get(to, "-"))
                    into.references[pointing[there] > 0] += 1


def _pointing(resource: Resource) -> Iterator[tuple[str, str]]:
    """References outside extensions, each with the element of the resource in which it stands."""

    def walk(path: str, value: Any) -> Iterator[tuple[str, str]]:
        if isinstance(value, dict):
            if isinstance(value.get("reference"), str):
                yield path, value["reference"]
            for name, inner in value.items():
                if name != "extension":
                    yield from walk(path or name, inner)
        elif isinstance(value, list):
            for inner in value:
                yield from walk(path, inner)

    yield from walk("", resource)


def main(fixtures: Path) -> None:
    """A line for each trigger event, and what kept a message from being one."""
    events: dict[str, Agreement] = defaultdict(Agreement)
    for kind, event, raw, theirs in _pairs(fixtures):
        compare(events[kind + event], made(raw), theirs)
    for event, one in sorted(events.items()):
        shares = (
            f"{name} {good}/{total}" for name, (good, total) in one.marks("").items() if total
        )
        print(f"{event:22} {', '.join(shares)}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "../shared/fixtures")
