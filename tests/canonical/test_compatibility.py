"""A published schema is a promise: what breaks its readers needs a new version (R19)."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from engine import canonical
from engine.reference import schemas

PUBLISHED = Path(__file__).parents[2] / "docs/reference"


@pytest.mark.parametrize("name", canonical.names())
def test_an_entity_does_not_break_the_schema_it_published(name: str) -> None:
    path = PUBLISHED / schemas.file_name(name)
    assert path.exists(), f"{path.name} is not published; write it with: make docs"
    published = json.loads(path.read_text("utf-8"))
    assert schemas.breaking(published, schemas.schema(name)) == []


@pytest.fixture
def old() -> dict[str, Any]:
    return schemas.schema("ChargeEvent")


@pytest.fixture
def new(old: dict[str, Any]) -> dict[str, Any]:
    return copy.deepcopy(old)


def test_the_same_schema_is_compatible(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert schemas.breaking(old, new) == []


def test_a_new_optional_field_is_compatible(old: dict[str, Any], new: dict[str, Any]) -> None:
    new["$defs"]["ChargeEvent"]["properties"]["shift"] = {"type": "string"}
    assert schemas.breaking(old, new) == []


def test_another_description_is_compatible(old: dict[str, Any], new: dict[str, Any]) -> None:
    new["$defs"]["ChargeEvent"]["properties"]["quantity"]["description"] = "other words"
    assert schemas.breaking(old, new) == []


def test_a_new_word_of_an_enumeration_is_compatible(
    old: dict[str, Any], new: dict[str, Any]
) -> None:
    new["$defs"]["ChargeEvent"]["properties"]["status"]["enum"].append("void")
    assert schemas.breaking(old, new) == []


def test_a_field_taken_away_breaks(old: dict[str, Any], new: dict[str, Any]) -> None:
    del new["$defs"]["ChargeEvent"]["properties"]["department"]
    assert schemas.breaking(old, new) == ["ChargeEvent.department is gone"]


def test_a_field_renamed_breaks(old: dict[str, Any], new: dict[str, Any]) -> None:
    fields = new["$defs"]["ItemReference"]["properties"]
    fields["lot_number"] = fields.pop("lot")
    assert schemas.breaking(old, new) == ["ItemReference.lot is gone"]


def test_a_field_newly_required_breaks(old: dict[str, Any], new: dict[str, Any]) -> None:
    new["$defs"]["ChargeEvent"]["required"].append("unit")
    assert schemas.breaking(old, new) == ["ChargeEvent.unit is newly required"]


def test_another_type_breaks(old: dict[str, Any], new: dict[str, Any]) -> None:
    new["$defs"]["ChargeEvent"]["properties"]["quantity"]["type"] = "integer"
    assert schemas.breaking(old, new) == [
        "ChargeEvent.quantity no longer allows all that it did"
    ]


def test_a_word_taken_from_an_enumeration_breaks(
    old: dict[str, Any], new: dict[str, Any]
) -> None:
    new["$defs"]["ChargeEvent"]["properties"]["status"]["enum"].remove("credit")
    assert schemas.breaking(old, new) == ["ChargeEvent.status no longer allows all that it did"]


def test_nothing_no_longer_allowed_breaks(old: dict[str, Any], new: dict[str, Any]) -> None:
    new["$defs"]["ChargeEvent"]["properties"]["unit"]["anyOf"] = [{"type": "string"}]
    assert schemas.breaking(old, new) == ["ChargeEvent.unit no longer allows all that it did"]


def test_a_field_newly_or_no_longer_protected_breaks(
    old: dict[str, Any], new: dict[str, Any]
) -> None:
    del new["$defs"]["ChargeEvent"]["properties"]["encounter"]["x-protected"]
    assert len(schemas.breaking(old, new)) == 1


def test_a_part_taken_away_breaks(old: dict[str, Any], new: dict[str, Any]) -> None:
    del new["$defs"]["Provider"]
    assert schemas.breaking(old, new) == ["Provider is gone"]
