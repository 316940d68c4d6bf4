"""Documents that are built: places, groups, order, namespaces, schemas."""

from __future__ import annotations

import pytest

from engine.errors import MessageError
from tests.formats.xml.conftest import SPACES, Mapped

RAW = b'{"number": "A&1", "on": "2026-11-21", "rush": true, "contract": "c-9", "lines": [{"qty": 1.50, "unit": "EA", "codes": ["x", "y"], "gone": null}, {"qty": 2, "unit": "BX"}]}'
BUILD = f"""from: json
to: xml
{SPACES}set:
  po:Order/@version: "1.0"
  po:Order/po:Header/po:Number: number
  po:Order/po:Header/po:On: on | date
  po:Order/po:Header/po:Rush: rush
  po:Order/po:Header/po:Empty: nothing
  po:Order/po:Reference[.@type == "CO"]/po:Number: contract
  po:Order/po:Reference[.@type == "CO"]/po:Kind: "contract"
groups:
  po:Order/po:Lines/po:Line:
    each: lines
    set: {{.@number: index, po:Qty: qty, po:Qty/@unit: unit, po:Code: codes, po:Gone: null}}
  po:Order/po:Summary: {{set: {{po:Count: count(lines)}}}}
"""
MADE = """<?xml version="1.0" encoding="UTF-8"?>
<po:Order xmlns:po="urn:example:orders" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" version="1.0">
  <po:Header>
    <po:Number>A&amp;1</po:Number>
    <po:On>2026-11-21</po:On>
    <po:Rush>true</po:Rush>
  </po:Header>
  <po:Reference type="CO">
    <po:Number>c-9</po:Number>
    <po:Kind>contract</po:Kind>
  </po:Reference>
  <po:Lines>
    <po:Line number="1">
      <po:Qty unit="EA">1.50</po:Qty>
      <po:Code>x</po:Code>
      <po:Code>y</po:Code>
      <po:Gone xsi:nil="true"/>
    </po:Line>
    <po:Line number="2">
      <po:Qty unit="BX">2</po:Qty>
      <po:Gone xsi:nil="true"/>
    </po:Line>
  </po:Lines>
  <po:Summary>
    <po:Count>2</po:Count>
  </po:Summary>
</po:Order>
"""
XSD = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:example:orders" xmlns="urn:example:orders" elementFormDefault="qualified">
<xs:include schemaLocation="http://far.example/types.xsd"/>
<xs:element name="Order"><xs:complexType><xs:sequence>
  <xs:element name="Number" type="xs:string"/>
  <xs:choice><xs:element name="Buyer" type="Party"/><xs:element ref="Agent"/></xs:choice>
  <xs:element name="Line" maxOccurs="unbounded"><xs:complexType><xs:complexContent><xs:extension base="Item">
    <xs:sequence><xs:element name="Price" type="xs:decimal" minOccurs="0"/></xs:sequence><xs:attribute name="id" type="xs:int" use="required"/>
  </xs:extension></xs:complexContent></xs:complexType></xs:element>
</xs:sequence></xs:complexType></xs:element>
<xs:element name="Agent" type="Party"/>
</xs:schema>"""
TYPES = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:example:orders" xmlns="urn:example:orders" elementFormDefault="qualified">
<xs:complexType name="Item"><xs:sequence><xs:element name="Code"/><xs:element name="Qty" type="xs:decimal"/></xs:sequence></xs:complexType>
<xs:complexType name="Party"><xs:sequence><xs:element name="Name"/></xs:sequence></xs:complexType>
</xs:schema>"""
BY_SCHEMA = f"""from: json
to: xml/order
{SPACES}set:
  po:Order/po:Buyer/po:Name: "B"
  po:Order/po:Number: number
groups:
  po:Order/po:Line:
    each: lines
    set: {{po:Price: "1.5", po:Qty: qty, po:Code: unit, .@id: index}}
"""


def test_a_document_is_built_in_the_order_of_its_mapping(mapped: Mapped) -> None:
    assert mapped.made(BUILD, RAW) == [MADE.encode()]


def test_an_element_is_filled_by_another_mapping_with_its_own_prefixes(mapped: Mapped) -> None:
    text = f"from: json\nto: xml/po:Order\n{SPACES}set: {{.@v: number, po:Number: number}}\ngroups:\n  po:Line: {{each: lines, use: line}}\n"
    line = (
        'from: json\nto: xml/o:Line\nnamespaces: {o: "urn:example:orders"}\nset: {o:Qty: qty}\n'
    )
    (made,) = mapped.made(text, RAW, line=line)
    assert made.count(b"<po:Line>\n    <po:Qty>") == 2
    assert b"xmlns:o=" not in made
    assert "here the group" in mapped.wrong(
        text, line=line.replace("xml/o:Line", "xml/o:Other")
    )


def test_a_schema_gives_order_and_names(mapped: Mapped) -> None:
    mapped.put("schemas/order.xsd", XSD)
    mapped.put("schemas/types.xsd", TYPES)
    (made,) = mapped.made(BY_SCHEMA, RAW)
    places = [
        made.index(tag)
        for tag in (
            b"<po:Number",
            b"<po:Buyer",
            b"<po:Line",
            b"<po:Code",
            b"<po:Qty",
            b"<po:Price",
        )
    ]
    assert places == sorted(places)
    assert "no element 'Nummer' here; did you mean 'Number'?" in mapped.wrong(
        BY_SCHEMA.replace("Order/po:Number", "Order/po:Nummer")
    )
    assert "no attribute 'ident' here" in mapped.wrong(BY_SCHEMA.replace(".@id", ".@ident"))
    with pytest.raises(MessageError, match="not of the type that the schema says") as caught:
        mapped.made(BY_SCHEMA, RAW.replace(b"1.50", b'"secret"'))
    assert caught.value.path == "po:Order/po:Line[1]/po:Qty"
    assert "secret" not in str(caught.value)


def test_a_schema_takes_nothing_from_outside_its_folder(mapped: Mapped) -> None:
    mapped.put("schemas/order.xsd", XSD)
    assert "imports types.xsd, which is not in mappings/schemas" in mapped.wrong(BY_SCHEMA)
    mapped.put("schemas/types.xsd", TYPES.replace("xs:decimal", "xs:decimals"))
    assert "mappings/schemas/" in mapped.wrong(BY_SCHEMA)
    assert "no schema" not in mapped.wrong(BY_SCHEMA)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("q:Order/q:A: number", "prefix 'q' is not declared"),
        ("po:Order/@a/b: number", "nothing inside it"),
        ("po:Order/po:A[.po:B > 1]: number", "told by what stands in it"),
        ('"@a": number', "the document itself has no attributes"),
        ("po:Order/po:A: lines[*]", None),
        ("po:Order/: number", "the name of an element"),
    ],
)
def test_a_wrong_place_is_a_mistake(mapped: Mapped, rule: str, said: str | None) -> None:
    text = f"from: json\nto: xml\n{SPACES}set:\n  {rule}\n"
    if said is not None:
        assert said in mapped.wrong(text)


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ("po:A/po:B: number\n  po:C: number", "one root element; here po:A, po:C"),
        ("po:A/po:B: missing", "nothing was written"),
        ("po:A/@b: lines[*].unit", "an attribute takes one value"),
    ],
)
def test_what_no_document_can_be_is_refused(mapped: Mapped, rules: str, said: str) -> None:
    with pytest.raises(MessageError, match=said):
        mapped.made(f"from: json\nto: xml\n{SPACES}set:\n  {rules}\n", RAW)
