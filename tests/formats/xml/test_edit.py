"""A document edited in place: what a rule names, and no other character."""

from __future__ import annotations

import pytest

from engine.errors import MessageError
from engine.formats import Reading, load
from tests.formats.xml.conftest import ORDER, SPACES, Mapped

HEAD = f"from: xml\nto: xml\n{SPACES}"


def test_every_character_that_no_rule_names_stays(mapped: Mapped) -> None:
    (made,) = mapped.made(
        f"""{HEAD}set:
  po:Order/@version: "3"
  po:Order/po:Header/po:Number: "9 < 1"
  po:Order/po:Header/po:Buyer/po:Name: "made & made"
  po:Order/po:Line[*]/po:Qty/@checked: true
  po:Order/po:Missing[.@a == "b"]/po:X: "not made"
remove: [po:Order/po:Header/po:Buyer/@code, po:Order/po:Line/po:Item]
edit:
  - {{each: po:Order/po:Line, when: .@status == "void", remove: true}}
  - {{each: po:Order/po:Line, set: {{.@id: "L-{{index}}", .po:Qty: null}}}}
"""
    )
    expected = (
        ORDER.replace(b"version='2'", b'version="3"')
        .replace(b"4711", b"9 &lt; 1")
        .replace(b'<po:Buyer code="B1"/>', b"<po:Buyer><po:Name>made &amp; made</po:Name></po:Buyer>")
        .replace(b"<po:Item><![CDATA[A & B]]></po:Item>", b"").replace(b"<po:Item/>", b"")
        .replace(b'  <po:Line id="2" status="void"><po:Item>C</po:Item><po:Qty unit="BX">7.50</po:Qty></po:Line>\n', b"")
        .replace(b'id="1"', b'id="L-1"').replace(b'id="3"', b'id="L-2"')
        .replace(b'<po:Qty unit="EA"> 5 </po:Qty>', b'<po:Qty unit="EA" checked="true" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"></po:Qty>')
        .replace(b'xsi:nil="true"/>', b'xsi:nil="true" checked="true"/>')
    )  # fmt: skip
    assert made == expected


def test_each_at_the_top_makes_a_document_of_each(mapped: Mapped) -> None:
    made = mapped.made(f"{HEAD}each: po:Order/po:Line\nset: {{po:Order/@version: .@id}}\n")
    assert [raw.count(b"<po:Line") for raw in made] == [1, 1, 1]
    assert b'version="3"' in made[2] and b'id="3"' in made[2]


def test_what_the_character_set_does_not_have_stands_there_by_its_number(
    mapped: Mapped,
) -> None:
    raw = "<?xml version='1.0' encoding='iso-8859-1'?><a>é<b/></a>".encode("latin-1")
    assert mapped.made('from: xml\nto: xml\nset: {a/b: "€é"}\n', raw) == [
        b"<?xml version='1.0' encoding='iso-8859-1'?><a>\xe9<b>&#8364;\xe9</b></a>"
    ]


def test_nothing_changes_where_nothing_is_written() -> None:
    for raw in (
        ORDER,
        "\ufeff<!DOCTYPE a SYSTEM 'x'>\n<a  b = '1' ><c/ ></a >\n<!-- x -->".replace(
            "/ >", "/>"
        ).encode("utf-16"),
    ):
        assert load("xml").parse(raw, Reading()).edit().render() == raw


def test_a_character_that_xml_does_not_have_is_refused_with_its_place(mapped: Mapped) -> None:
    text = f"from: json\nto: xml\n{SPACES}set: {{po:Order/po:Number: number}}\n"
    with pytest.raises(MessageError) as caught:
        mapped.made(text, b'{"number": "secret\\u0001"}')
    assert (caught.value.code, caught.value.path) == ("unmappable", "po:Order/po:Number")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ('set: {xpath("//po:a"): "x"}', "an XPath is read only"),
        ('set: {q:a: "x"}', "prefix 'q' is not declared"),
        ("keep: [po:Order]", "'keep' belongs to an edit"),
        ("edit: [{each: po:Order/@id, remove: true}]", "walks segments"),
    ],
)
def test_what_cannot_be_edited_is_a_mistake(mapped: Mapped, rules: str, said: str) -> None:
    assert said in mapped.wrong(f"{HEAD}{rules}\n")
