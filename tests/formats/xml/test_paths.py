"""Paths of XML in mappings: values, lists, things, scope, filters, and what is said of wrong ones."""

from __future__ import annotations

import json

import pytest

from tests.formats.xml.conftest import SPACES, Mapped

READ = f"""from: xml
to: json
{SPACES}fields:
  number: po:Order/po:Header/po:Number
  version: po:Order/@version
  note: po:Order/po:Header/po:Note
  first: po:Order/po:Line/po:Item
  second: po:Order/po:Line[2]/po:Item
  ids: po:Order/po:Line[*]/@id
  void: po:Order/po:Line[.@status == "void"]/po:Qty | decimal
  known: po:Order/po:Line[.@status in ["new", "void"]](*)/po:Item
  units: xpath("//po:Qty/@unit")[*]
  unit: xpath("//po:Qty/@unit")
  lines: xpath("count(//po:Line)")
  total: sum(po:Order/po:Line[*], .po:Qty | decimal)
  nil: po:Order/po:Line[3]/po:Qty ?? "nothing"
  there: exists(po:Order/po:Line[3]/po:Item)
  each:
    each: po:Order/po:Line
    when: .@status != "void"
    fields:
      at: index
      id: .@id
      item: po:Item
      unit: ./po:Qty/@unit
      number: po:Order/po:Header/po:Number
      quantity: xpath("po:Qty")
      text: it
  of_query:
    each: xpath("//po:Line[po:Qty > 6]")
    value: .po:Item
  of_texts:
    each: xpath("//@status")
    value: it
"""


def test_a_path_reads_what_the_xpath_of_its_steps_reads(mapped: Mapped) -> None:
    (made,) = mapped.made(READ)
    assert json.loads(made) == {
        "number": "4711",
        "version": "2",
        "note": "to dock 4",
        "first": "A & B",
        "second": "C",
        "ids": ["1", "2", "3"],
        "void": 7.5,
        "known": ["A & B", "C"],
        "units": ["EA", "BX"],
        "unit": "EA",
        "lines": 3,
        "total": 12.5,
        "nil": "nothing",
        "there": False,
        "each": [
            {"at": 1, "id": "1", "item": "A & B", "unit": "EA", "number": "4711", "quantity": "5", "text": "A & B 5"},
            {"at": 3, "id": "3", "number": "4711"},
        ],
        "of_query": ["C"],
        "of_texts": ["new", "void"],
    }  # fmt: skip


def test_elements_without_a_prefix_are_of_the_default_namespace(mapped: Mapped) -> None:
    text = """from: xml
to: json
namespaces: {default: "urn:d", x: "urn:x"}
fields:
  a: Order/Line/@id
  b: xpath("//Line[x:Qty]/x:Qty")
  c: Order/v.1-2/PID.3
"""
    raw = b"<Order xmlns='urn:d' xmlns:q='urn:x'><Line id='1'><q:Qty>2</q:Qty></Line><v.1-2><PID.3>n</PID.3></v.1-2></Order>"
    assert json.loads(mapped.made(text, raw)[0]) == {"a": "1", "b": "2", "c": "n"}


def test_another_mapping_reads_an_element(mapped: Mapped) -> None:
    text = f"from: xml\nto: json\n{SPACES}fields:\n  lines: {{each: po:Order/po:Line, use: line}}\n  one: {{use: line, of: po:Order/po:Line}}\n"
    line = 'from: xml/o:Line\nto: json\nnamespaces: {o: "urn:example:orders"}\nfields: {id: .@id, item: o:Item}\n'
    made = json.loads(mapped.made(text, line=line)[0])
    assert made["one"] == {"id": "1", "item": "A & B"}
    assert [each["id"] for each in made["lines"]] == ["1", "2", "3"]
    assert "reads xml/o:Line" in mapped.wrong(
        text.replace("po:Order/po:Line}", "po:Order/po:Header}"), line=line
    )


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("p:Order/po:Number", ":5:6: fields.a\n  the prefix 'p' is not declared; there is po\n  write   namespaces: {p:"),
        ('xpath("//q:a")', ":5:15: fields.a"),
        ('xpath("//po:a[")', ":5:19: fields.a\n  this is no XPath: the '[' that opens here"),
        ('xpath("po:a")', 'write   xpath("/po:a")'),
        ("xpath(po:a)", "in double quotes"),
        (".po:Number", "there is none here"),
        ("po:Order/po:Line[0]", "counted from 1"),
        ("po:Order/@id/po:x", "nothing inside it"),
        ("po:Order.po:Number", "stand behind a slash"),
    ],
)  # fmt: skip
def test_a_wrong_path_is_a_placed_mistake(mapped: Mapped, rule: str, said: str) -> None:
    assert said in mapped.wrong(f"from: xml\nto: json\n{SPACES}fields:\n  a: {rule}\n").replace(
        "'xpath", "xpath"
    )


def test_prefixes_are_declared_as_they_can_be(mapped: Mapped) -> None:
    said = mapped.wrong(
        'from: xml\nto: json\nnamespaces: {xml: "urn:x", a b: "urn:y", c: [1]}\nfields: {a: b}\n'
    )
    assert "'xml' is no prefix of one's own" in said
    assert "'a b' is no prefix" in said
    assert "'c' stands for a namespace" in said
    assert "there is no key 'namespaces'" in mapped.wrong(
        "from: json\nto: json\nnamespaces: {a: b}\nfields: {a: b}\n"
    )
