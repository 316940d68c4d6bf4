"""JSON documents and the paths of records."""

from __future__ import annotations

import json as python_json
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import MessageError
from engine.formats import PathProblem, Reading, Scope, Shape, load
from engine.formats import json as json_format
from engine.message import Receipt, Verdict

DOCUMENT = b"""{"a": {"b": "x", "none": null, "empty": ""}, "n": 12.50, "yes": true, "@odata.etag": "e", "big": 12345678901234567890,
 "lines": [{"code": "A", "q": 2, "tags": ["t", "u"]}, {"code": "B", "q": 3}, {"code": "C", "q": 3}], "texts": ["x", "", "y"]}"""


def read(text: str, shape: Shape | None = None, node: Any = None) -> Any:
    node = node or json_format.parse(DOCUMENT, Reading())

    def condition(said: str, at: int, inner: Shape) -> Any:
        end = said.index("]", at)
        left, _, right = said[at:end].partition(" == ")
        match = json_format.paths.match(left, 0, inner, condition)
        assert match is not None
        return (lambda scope: str(match.read(scope)) == right.strip('"')), end

    match = json_format.paths.match(text, 0, shape or Shape(format="json"), condition)
    assert match is not None
    assert match.end == len(text)
    return match.read(Scope(node, None))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("a.b", "x"),
        ("a.none", None),
        ("a.empty", None),
        ("a.missing.deep", None),
        ("n", Decimal("12.50")),
        ("big", Decimal(12345678901234567890)),
        ("yes", True),
        ('["@odata.etag"]', "e"),
        ('a["b"]', "x"),
        ("lines[0].code", "A"),
        ("lines[9].code", None),
        ("lines[*].code", ["A", "B", "C"]),
        ("lines[*].tags", ["t", "u"]),
        ("lines[0].tags[1]", "u"),
        ('lines[.code == "B"].q', Decimal(3)),
        ("lines[.q == 3].code", "B"),
        ("lines[.q == 3](*).code", ["B", "C"]),
        ('lines[.code == "Z"].q', None),
        ("texts[*]", ["x", "y"]),
    ],
)
def test_paths(path: str, value: Any) -> None:
    found = read(path)
    assert found == value
    assert (found is True) == (value is True)


def test_a_list_in_place_of_a_record_is_told() -> None:
    with pytest.raises(MessageError, match="a list stands"):
        read("lines.code")
    with pytest.raises(MessageError, match="brackets stand behind a list"):
        read("a[0]")


class Item(msgspec.Struct, kw_only=True):
    code: str
    price: Decimal | None = None


class Order(msgspec.Struct, kw_only=True):
    number: str
    item: Item | None = None
    lines: tuple[Item, ...] = ()
    count: int = 0


ORDER = Order(
    number="",
    item=Item(code="x"),
    lines=(Item(code="a", price=Decimal("1.50")), Item(code="b")),
    count=2,
)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("number", None),
        ("item.code", "x"),
        ("item.price", None),
        ("lines[1].code", "b"),
        ("lines[*].price", [Decimal("1.50")]),
        ('lines[.code == "a"].price', Decimal("1.50")),
        ("count", Decimal(2)),
    ],
)
def test_paths_of_entities(path: str, value: Any) -> None:
    shape = Shape(format="canonical", kind="record", type=Order)
    assert read(path, shape, ORDER) == value


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("item.cod", "Item has no field 'cod'; did you mean 'code'?"),
        ("lines.code", "'code' is asked of a list"),
        ("item[0]", "brackets stand behind a list"),
        ("number.x", "'x' is asked of a text"),
    ],
)
def test_paths_that_cannot_be(path: str, problem: str) -> None:
    with pytest.raises(PathProblem, match=problem.replace("[", "\\[")):
        read(path, Shape(format="canonical", kind="record", type=Order), ORDER)


def test_a_name_no_entity_has_is_no_path() -> None:
    shape = Shape(format="canonical", kind="record", type=Order)
    assert json_format.paths.match("zzz", 0, shape, lambda *given: given) is None  # type: ignore[arg-type,return-value]


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"{} {}", b"\xff", b"nul", b'{"a": 1e}', b"[" * 5000, b"[" * 150 + b"]" * 150],
    ids=lambda raw: repr(raw[:9]),
)
def test_what_is_no_json_is_refused(raw: bytes) -> None:
    with pytest.raises(MessageError) as caught:
        json_format.parse(raw, Reading())
    assert caught.value.code == "not_json"


def test_encodings() -> None:
    assert json_format.parse(
        '{"a":"ü"}'.encode("latin-1"), Reading(encoding="latin-1")
    ).value == {"a": "ü"}
    assert json_format.parse(b'\xef\xbb\xbf{"a":1}', Reading()).value == {"a": 1}


_VALUES: Any = st.recursive(
    st.none() | st.booleans() | st.text(max_size=5) | st.integers(-(10**20), 10**20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(_VALUES)
def test_any_document_is_read_shown_and_written_again(value: Any) -> None:
    raw = python_json.dumps(value).encode()
    document = json_format.parse(raw, Reading())
    assert python_json.loads(document.edit().render()) == value
    assert document.edit().document().value == document.value
    assert all(len(row) == 4 for row in json_format.tree(document))


def test_answers() -> None:
    said = json_format.acknowledge(
        b"x",
        Receipt(id=1, verdict=Verdict.QUARANTINED, reason="bad_value", detail="a: no number"),
        Reading(),
        0.0,
    )
    assert python_json.loads(said) == {
        "id": "1-1",
        "verdict": "quarantined",
        "reason": "bad_value",
        "detail": "a: no number",
    }
    said = json_format.acknowledge(
        b"x", Receipt(id=1, verdict=Verdict.FILTERED, reason="not_ours"), Reading(), 0.0
    )
    assert python_json.loads(said) == {"id": "1-1", "verdict": "filtered", "reason": "not_ours"}
    assert (
        python_json.loads(json_format.refuse(b"", Reading(), 0.0, "full"))["reason"] == "full"
    )
    assert load("json").unique == ()
    assert json_format.parts(b"[]", Reading()) is None
