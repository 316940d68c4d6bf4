"""FHIR that we make, in the eyes of others: what our validator accepts @medplum/core accepts, and the other way round."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from engine import formats, mapping
from engine.errors import MessageError
from engine.fhir import checking
from engine.message import Context, Facts, Inbound
from engine.placed import Mistakes
from engine.reading import Reading
from tests.connectors.fhir.source.conftest import Home
from tests.connectors.fhir.source.test_facade import begin, index, said
from tests.packs.conversion import ROOT, converted
from tests.packs.test_packs import conversions
from tests.peers.conftest import asked

FIXTURES = ROOT / "../shared/fixtures"
#: A reference by the name that a resource has inside its Bundle.
_INSIDE = re.compile(rb'"reference":"(urn:uuid:[^"#]+)"')
_VALUES = re.compile(r'"[^"]*"|\'[^\']*\'')

pytestmark = pytest.mark.slow


class Made(NamedTuple):
    """A resource that we made, and what of."""

    of: str
    content: bytes


# -- validators -------------------------------------------------------------------------------------------------


def with_types(content: bytes) -> bytes:
    """A Bundle in which references say what they point at, so that a validator of others sees whether they may."""
    bundle = msgspec.json.decode(content)
    names = {
        each["fullUrl"].encode(): f"{each['resource']['resourceType']}/{each['resource']['id']}"
        for each in bundle.get("entry", ())
        if "resource" in each and "fullUrl" in each
    }
    return _INSIDE.sub(
        lambda found: b'"reference":"%b"' % names.get(found[1], found[1].decode()).encode(),
        content,
    )


def theirs(made: list[Made]) -> list[list[str]]:
    """What they say of each; places and rules, without values."""
    lines = b"\n".join(with_types(one.content) for one in made)
    answers = asked("validate.mjs", content=lines + b"\n").splitlines()
    assert len(answers) == len(made)
    return [
        [f"{each['place']}: {_VALUES.sub('...', each['says'])}" for each in json.loads(answer)]
        for answer in answers
    ]


def ours(made: Made) -> list[str]:
    """What our validator says of it."""
    return [str(each) for each in checking.findings(msgspec.json.decode(made.content))]


def disagreements(made: list[Made]) -> list[str]:
    """Where one of the two finds something wrong."""
    found = []
    for one, said_there in zip(made, theirs(made), strict=True):
        found += [f"{one.of}: they say {each}" for each in said_there]
        found += [f"{one.of}: we say {each}" for each in ours(one)]
    return found


def test_they_see_what_is_wrong() -> None:
    """The judge is awake: an unknown element, a wrong type, and a reference to what may not stand there."""
    wrong = [
        {"resourceType": "Patient", "shoe": 1},
        {"resourceType": "Patient", "birthDate": 5},
        {"resourceType": "Observation", "status": "final", "code": {"text": "x"}, "subject": {"reference": "Claim/1"}},
        {"resourceType": "Observation", "code": {"text": "x"}},
    ]  # fmt: skip
    found = theirs([Made("wrong", msgspec.json.encode(each)) for each in wrong])
    assert all(found), found


# -- what we make -----------------------------------------------------------------------------------------------


def of_samples() -> list[Made]:
    """All that the shipped mappings make of samples as FHIR."""
    found = []
    for case in conversions():
        for content in converted(case.mapping, (ROOT / "samples" / case.of).read_bytes()):
            if content.startswith(b'{"resourceType"'):
                found.append(Made(f"{case.mapping} of {case.of}", content))
    return found


def test_what_the_shipped_mappings_make_of_samples_is_valid_for_both() -> None:
    made = of_samples()
    assert len(made) > 60
    assert disagreements(made) == []


@cache
def _any() -> Any:
    found = mapping.load("hl7v2_to_fhir", ROOT, Mistakes())
    assert found is not None
    return found


def of_fixtures(refused: Counter[str]) -> Iterator[Made]:
    """All messages of HL7 v2 that others made, as Bundles; why some give none is counted."""
    hl7v2 = formats.load("hl7v2")
    for path in messages():
        raw = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
        facts = Facts(inbound=Inbound(raw=raw, received_at=0.0), context=Context(now=0.0))
        try:
            products = _any().apply(hl7v2.parse(raw, Reading()), facts)
        except MessageError as error:
            refused[error.code] += 1
            continue
        for each in products:
            yield Made(path.relative_to(FIXTURES.resolve()).as_posix(), each.payload)


def messages() -> list[Path]:
    """Each file that is one message of HL7 v2."""
    return [
        path
        for path in sorted(FIXTURES.resolve().rglob("*"))
        if path.is_file()
        and path.suffix in (".hl7", ".txt", "")
        and path.read_bytes()[:8].lstrip(b"\xef\xbb\xbf").startswith(b"MSH")
    ]


@pytest.mark.skipif(not FIXTURES.exists(), reason="../shared/fixtures is absent")
def test_what_we_make_of_the_messages_of_others_is_valid_for_both(
    capsys: pytest.CaptureFixture[str],
) -> None:
    refused: Counter[str] = Counter()
    made = list(of_fixtures(refused))
    found = disagreements(made)
    with capsys.disabled():
        print(
            f"\n{len(made)} Bundles of messages, {dict(refused)} refused, {len(found)} faults"
        )
    assert len(made) > 200
    assert found == []


# -- a client ---------------------------------------------------------------------------------------------------


async def told(home: Home, what: str) -> Any:
    base = f"http://127.0.0.1:{home.port}/fhir"
    answer = json.loads(await asyncio.to_thread(asked, "kit_client.mjs", base, what))
    assert answer["statement"]["fhirVersion"] == "4.0.1"
    return answer


async def test_fhir_kit_client_creates_and_sends_bundles(home: Home) -> None:
    home.channel("", "split: entry")
    await home.start()
    answer = await told(home, "write")
    assert answer["created"]["name"] == [{"family": "Sample"}] and answer["created"]["id"]
    assert answer["refused"]["status"] == 422
    assert answer["refused"]["data"]["issue"][0]["expression"] == ["Patient.gender"]
    for kind in ("batch", "transaction"):
        assert answer[kind]["type"] == f"{kind}-response"
        assert answer[kind]["entry"][0]["response"]["status"].startswith("201")
    assert len(await home.copies(3)) == 3


async def test_fhir_kit_client_searches_and_reads(home: Home) -> None:
    some, none = said("1000123"), said()
    async with index(lambda asked: (none if "|0\r" in asked else some)(asked)) as (port, _):
        await begin(home, port)
        answer = await told(home, "ask")
    for each in (answer["found"], answer["posted"]):
        assert (each["type"], each["total"]) == ("searchset", 1)
    assert answer["read"]["id"] == "1000123"
    assert answer["nobody"]["status"] == 404
