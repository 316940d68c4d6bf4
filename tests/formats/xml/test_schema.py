"""Documents held against a schema: every fault with line, path and rule, never the value."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from engine.channel import load_all
from engine.errors import ConfigError, MessageError
from engine.formats import Reading, xml
from engine.formats.xml import schema
from engine.placed import Mistakes, Place, Scalar
from tests.formats.xml.test_build import TYPES, XSD

GOOD = b"""<o:Order xmlns:o="urn:example:orders">
<o:Number>1</o:Number><o:Agent><o:Name>x</o:Name></o:Agent>
<o:Line id="1"><o:Code>a</o:Code><o:Qty>5</o:Qty></o:Line>
<o:Line id="2"><o:Code>a</o:Code><o:Qty>5</o:Qty></o:Line></o:Order>"""
CHANNEL = """source: {file: {folder: in}}
format: xml
namespaces: {o: "urn:example:orders"}
validate: {xsd: order}
split: o:Line
let: {number: o:Order/o:Number}
keys: {number: number, id: xpath("//o:Line/@id")}
destinations: {out: {file: {folder: out, name: "{number}.xml"}}}
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for name, text in {
        "mappings/schemas/order.xsd": XSD,
        "mappings/schemas/types.xsd": TYPES,
        "channels/orders.yaml": CHANNEL,
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_faults_name_line_path_and_rule(home: Path) -> None:
    found = schema.load(
        "order",
        home,
        Scalar(text="order", style="plain", place=Place(file="f", line=1, column=1)),
        Mistakes(),
    )
    assert found is not None
    found = pickle.loads(pickle.dumps(found))
    xml.validate(xml.parse(GOOD, Reading()), found)
    wrong = GOOD.replace(b"<o:Qty>5", b"<o:Qty>secret", 1).replace(
        b'id="2"', b'id="secret" secret="1"'
    )
    with pytest.raises(MessageError) as caught:
        xml.validate(xml.parse(wrong, Reading()), found)
    said = str(caught.value)
    with pytest.raises(MessageError, match="expected Number") as before:
        xml.validate(xml.parse(GOOD.replace(b"<o:Number>1</o:Number>", b""), Reading()), found)
    assert "o:Order/o:Agent: line 2: the element does not stand here" in str(before.value)
    assert "line 3, o:Order/o:Line[1]/o:Qty: the value is not of the type" in said
    assert "line 4, o:Order/o:Line[2]: @id: the value" in said
    assert said.count("secret") == 1  # the name of the attribute that is not known
    assert caught.value.code == "invalid"


def test_a_channel_says_prefixes_and_schema(home: Path) -> None:
    loaded = load_all(home)
    channel = loaded.channels["orders"]
    assert channel.validate.name == "order"
    parts = list(
        channel.format.split(GOOD, pickle.loads(pickle.dumps(channel.reading)), channel.split)
    )
    assert len(parts) == 2
    before = channel.release
    (home / "mappings/schemas/types.xsd").write_text(TYPES.replace("Qty", "Quantity"))
    assert load_all(home).channels["orders"].release != before


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        ("{xsd: order}", "{xsd: ordr}", "there is no schema 'ordr'; did you mean 'order'?"),
        ("{xsd: order}", "{dtd: order}", "XML is held against a schema"),
        ("namespaces: {o:", "namespaces: {p:", "the prefix 'o' is not declared"),
        ("split: o:Line", "split: o:Line/@id", "names an attribute"),
        ("format: xml\n", "format: json\n", "paths of the format json have no prefixes"),
    ],
)
def test_what_is_wrong_in_a_channel_is_a_placed_mistake(
    home: Path, was: str, now: str, said: str
) -> None:
    (home / "channels/orders.yaml").write_text(CHANNEL.replace(was, now))
    with pytest.raises(ConfigError) as caught:
        load_all(home)
    assert said in str(caught.value)
