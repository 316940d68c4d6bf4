"""What reads alike means alike in every format: the same order in each, asked the same questions."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from engine import canonical, mapping
from engine.errors import MessageError
from engine.formats import Reading, Shape, load
from engine.message import Context, Facts, Inbound
from engine.placed import Mistakes, read
from tests.mapping.conftest import Said  # type: ignore[import-not-found]

#: The order 4711 of three lines: A at 2.50 in EA, B without a price in CS, A at 5 in EA. Its reference is empty.
HL7 = (
    b"MSH|^~\\&|POU|OR|ERP|HOSP|20261121||DFT^P03^DFT_P03|4711|P|2.5.1\rPID|1||9^^^H^MR\r"
    b"FT1|1|||20261121||CG|A|EA|||2.50\rFT1|2|||20261121||CG|B|CS\rFT1|3|||20261121||CG|A|EA|||5\r"
)
X12 = (
    b"ISA*00*          *00*          *ZZ*GENHOSP        *ZZ*MEDSUP         *261121*1030*^*00501*000000007*0*P*>~"
    b"GS*PO*GENHOSP*MEDSUP*20261121*1030*7*X*005010~ST*850*0001~BEG*00*SA*4711**20261121~"
    b"PO1*1*1*EA*2.50**VN*A~PO1*2*1*CS***VN*B~PO1*3*1*EA*5**VN*A~CTT*3~SE*7*0001~GE*1*7~IEA*1*000000007~"
)
JSON = (
    b'{"number": "4711", "reference": "", "lines": [{"code": "A", "unit": "EA", "price": "2.50"}, '
    b'{"code": "B", "unit": "CS", "price": ""}, {"code": "A", "unit": "EA", "price": "5"}]}'
)
ORDER = {
    "entity": "PurchaseOrder/1", "source_id": "1", "number": "4711", "ordered_on": "2026-11-21",
    "lines": [
        {"number": "A", "item": {}, "quantity": "1", "unit": "EA", "price": "2.50"},
        {"number": "B", "item": {}, "quantity": "1", "unit": "CS"},
        {"number": "A", "item": {}, "quantity": "1", "unit": "EA", "price": "5"},
    ],
}  # fmt: skip
ROWS = b"4711,,A,EA,2.50\n4711,,B,CS,\n4711,,A,EA,5\n"
FIXED = b"4711  AEA2.50\n4711  BCS    \n4711  AEA5   \n"
LAYOUTS = {
    "delimited": "columns: [number, reference, code, unit, price]\n",
    "fixed": "fields: {number: {length: 4}, reference: {length: 2}, code: {length: 1}, unit: {length: 2}, price: {length: 4}}\n",
}

#: How each format names what is asked for; `at` writes a path into a thing that brackets have chosen.
WORDS: dict[str, dict[str, str]] = {
    "hl7v2": {
        "number": "MSH-10", "nothing": "PID-2", "things": "FT1", "all": "FT1[*]", "two": "FT1[2]",
        "code": ".7", "unit": ".8", "price": ".11", "in_code": "FT1-7", "in_price": "FT1-11", "of_code": "-7", "of_unit": "-8", "of_price": "-11",
    },
    "x12": {
        "number": "BEG03", "nothing": "BEG04", "things": "PO1", "all": "PO1[*]", "two": "PO1[2]",
        "code": ".07", "unit": ".03", "price": ".04", "in_code": "PO107", "in_price": "PO104", "of_code": "07", "of_unit": "03", "of_price": "04",
    },
    "json": {
        "number": "number", "nothing": "reference", "things": "lines", "all": "lines[*]", "two": "lines[1]",
        "code": ".code", "unit": ".unit", "price": ".price", "in_code": "code", "in_price": "price", "of_code": ".code", "of_unit": ".unit", "of_price": ".price",
    },
}  # fmt: skip
WORDS["delimited"] = {**WORDS["json"], "things": "rows", "all": "rows[*]", "two": "rows[1]"}
WORDS["fixed"] = WORDS["delimited"]
WORDS["canonical"] = {
    **WORDS["json"], "nothing": "facility", "code": ".number", "in_code": "number", "of_code": ".number", "in_price": "price",
}  # fmt: skip
FORMATS = list(WORDS)


@pytest.fixture(params=FORMATS)
def format(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def said(format: str, home: Path) -> Said:
    """The order in a format, ready to be asked."""
    if format == "canonical":
        entity = canonical.load("PurchaseOrder")
        node: Any = msgspec.convert(ORDER, entity, strict=False)
        shape = Shape(format=format, kind="record", name="PurchaseOrder", type=entity)
        return Said(home, "json", node, shape)
    code, layout = load(format), None
    if format in LAYOUTS:
        mistakes = Mistakes()
        layout = code.layout("order", read(LAYOUTS[format], "order.yaml", mistakes), mistakes)
        assert not mistakes.found
    raw = {"hl7v2": HL7, "x12": X12, "json": JSON, "delimited": ROWS, "fixed": FIXED}[format]
    shape = Shape(format=format, name="order" if layout else "", type=layout)
    return Said(home, format, code.parse(raw, Reading(layout=layout)), shape)


def filled(text: str, format: str) -> str:
    """A statement in the words of a format."""
    return text.format(**WORDS[format])


#: What is asked, and what every format answers.
ASKED: list[tuple[str, Any]] = [
    ("{number}", "4711"),
    # nothing
    ("{nothing}", None),
    ("exists({nothing})", False),
    ('{nothing} == "x"', False),
    ('{nothing} != "x"', True),
    ('{nothing} < "x"', False),
    ('{nothing} >= "x"', False),
    ('{nothing} in ["x"]', False),
    ('{nothing} not in ["x"]', True),
    ("{nothing} == {nothing}", False),
    ("{nothing} != {nothing}", True),
    ('{nothing} ?? "d"', "d"),
    ("{nothing} | upper", None),
    ("({nothing} | decimal) + 1", None),
    ('contains({nothing}, "x")', None),
    ('not contains({nothing}, "x")', True),
    ('if({nothing} == "x", "a", "b")', "b"),
    # a filter gives the first, with (*) all
    ('{things}[{code} == "A"]{of_price} | decimal', Decimal("2.50")),
    ('{things}[{code} == "A"](*){of_unit}', ["EA", "EA"]),
    ('{things}[{code} == "Z"]{of_unit}', None),
    ('{things}[{code} == "Z"](*){of_unit}', []),
    ('count({things}[{code} == "A"](*))', 2),
    ('count({things}[{code} == "Z"](*))', 0),
    ('exists({things}[{code} == "B"])', True),
    ('exists({things}[{code} == "Z"])', False),
    ('{things}[{code} == "A" and {unit} == "EA"]{of_code}', "A"),
    ("{things}[exists({price}) and {price} | decimal > 3]{of_price} | decimal", Decimal(5)),
    ("{things}[not exists({price})]{of_code}", "B"),
    ('{things}[{code} == "B" and {number} == "4711"]{of_unit}', "CS"),
    # in a filter a name without a dot reads what stands around the things that are looked through
    ('{things}[{in_code} == "B"]{of_unit}', None),
    ('{things}[{code} == "B" and {number} == "4711"]{of_unit}', "CS"),
    # counted as the standard counts
    ("{two}{of_code}", "B"),
    ("{two}{of_price}", None),
    # all
    ("{all}{of_unit}", ["EA", "CS", "EA"]),
    ("count({all})", 3),
    ("count({all}{of_price})", 2),
    ('"CS" in {all}{of_unit}', True),
    ('"XX" not in {all}{of_unit}', True),
    # list functions: the thing at hand is an item
    ('count({all}, {code} == "A")', 2),
    ('count({all}, {in_code} == "A")', 2),
    ("sum({all}, {price} | decimal)", Decimal("7.50")),
    ("sum({all}, {in_price} | decimal)", Decimal("7.50")),
    ("max({all}{of_price}, it | decimal) | decimal", Decimal(5)),
    ("all({all}, exists({price}))", False),
    ('any({all}, {unit} == "CS")', True),
    ("count({all}, index > 1)", 2),
    ("unique({all}{of_unit})", ["EA", "CS"]),
    ("nth({all}{of_unit}, 2)", "CS"),
    ("nth({all}{of_unit}, 9)", None),
    ("first({all}{of_unit})", "EA"),
    ("last({all}{of_code})", "A"),
    ("sort({all}{of_unit})", ["CS", "EA", "EA"]),
    ('join({all}{of_unit}, "+")', "EA+CS+EA"),
    ('count({all}{of_code}, it == "A")', 2),
    # a pipe binds to the value on its left
    ("{number} | decimal > 10", True),
    ("1 + {number} | decimal", Decimal(4712)),
    ("({number} | decimal) - 1", Decimal(4710)),
    ("{nothing} ?? {number} | left(2)", "47"),
]


def test_expressions(said: Said, format: str) -> None:
    wrong = {}
    for text, value in ASKED:
        found = said(filled(text, format))
        if (list(found) if isinstance(found, list | tuple) else found) != value:
            wrong[text] = found
    assert wrong == {}


@pytest.mark.parametrize("text", ["{things}[0]{of_code}", "count({things}[0])"])
def test_counting_begins_where_the_standard_begins(said: Said, format: str, text: str) -> None:
    """HL7 and X12 know no thing number 0; lists of JSON, entities and rows begin with it."""
    said.mistakes.found.clear()
    found = said.compile(filled(text, format))
    if format in ("hl7v2", "x12"):
        (mistake,) = said.mistakes.found
        assert found is None and "counts from 1" in mistake.problem
    else:
        assert said(filled("{things}[0]{of_code}", format)) == "A"


def test_text_is_not_compared_with_a_number(said: Said, format: str) -> None:
    """At load, or, of JSON, whose values say what they are when they come, for the message."""
    found = said.compile(filled("{number} > 10", format))
    if format != "json":
        assert (
            found is None
            and "a text is compared with a number" in said.mistakes.found[0].problem
        )
        return
    with pytest.raises(MessageError, match="a text is compared with a number"):
        said("number > 10")


EACH = """
from: {source}
to: json
each: {all}
when: {in_code} != "B"
let: {{mine: {in_code}, dear: {price} | decimal > 3}}
fields:
  at: index
  code: {in_code}
  also: {code}
  order: {number}
  first: {first}
  unit: {unit}
  nothing: {nothing}
  price: {in_price} | decimal
  kind:
    - {{when: dear, value: "dear"}}
    - {{value: "cheap"}}
  text: "{{mine}}-{{{nothing}}}-{{index}}"
  same: >-
    count({all}, {code} == mine)
  others:
    each: {all}
    when: {code} != mine
    fields: {{code: {in_code}, of: mine, order: {number}, at: index}}
"""


def test_a_mapping(said: Said, format: str, home: Path) -> None:
    """Inside `each` a path is looked up in the thing at hand, then in what encloses it, then in the message."""
    (home / "mappings" / "layouts").mkdir(parents=True)
    for name, text in LAYOUTS.items():
        (home / "mappings" / "layouts" / f"order_{name}.yaml").write_text(text)
    source = {"canonical": "PurchaseOrder", "delimited": "delimited/order_delimited", "fixed": "fixed/order_fixed"}.get(format, format)  # fmt: skip
    first = WORDS[format]["things"] + ("[0]" if format not in ("hl7v2", "x12") else "[1]")
    words = {**WORDS[format], "first": first + WORDS[format]["of_price"], "source": source}
    order = words["number"]
    if format == "canonical":  # a line has a number of its own, which comes first
        order = "source_id"
    (home / "mappings" / "order.yaml").write_text(EACH.format(**{**words, "number": order}))
    mistakes = Mistakes()
    made = mapping.load("order", home, mistakes)
    assert made is not None, [str(each) for each in mistakes]
    facts = Facts(inbound=Inbound(raw=b"", received_at=0.0), context=Context(now=0.0))
    found = [msgspec.json.decode(each.payload) for each in made.apply(said.node, facts)]
    number = "1" if format == "canonical" else "4711"
    # A group of HL7 or X12 begins with its segment and holds no other one of that name; a line of JSON holds no lines.
    own = format in ("hl7v2", "x12")
    firsts = ["2.50", "5"] if own else ["2.50", "2.50"]
    assert [str(each.pop("first")) for each in found] in (firsts, ["2.5", "2.5"])
    others = [{"code": "B", "of": "A", "order": number, "at": 2}]
    assert [each.pop("others", None) for each in found] == [None if own else others] * 2
    one = {"at": 1, "code": "A", "also": "A", "order": number, "unit": "EA", "price": 2.5, "kind": "cheap", "text": "A--1", "same": 1 if own else 2}  # fmt: skip
    assert found == [one, {**one, "at": 3, "price": 5, "kind": "dear", "text": "A--3"}]
