"""What mappings read besides messages and entities: a channel's names, groups of entities, lists of values."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from engine import canonical, mapping
from engine.errors import MessageError
from engine.grouping import listed
from engine.mapping import Expression, Shelf
from engine.placed import Mistakes


def names(*said: str, many: bool = False, kind: str = "text") -> dict[str, Expression]:
    return {
        name: Expression(run=lambda scope: None, text=name, line=1, kind=kind, many=many)
        for name in said
    }


@pytest.fixture
def put(home: Path) -> Any:
    def put(name: str, text: str) -> None:
        (home / "mappings" / f"{name}.yaml").write_text(text)

    return put


HEAD = "from: hl7v2\nto: json\n"


# -- the names of a channel -------------------------------------------------------------------------------------


def test_the_names_of_the_channel_are_read(
    home: Path, put: Any, message: Any, facts: Any
) -> None:
    put("made", HEAD + 'let: {mine: "{site}!"}\nfields: {site: site, ward: ward, mine: mine}\n')
    known = names("other", "ward", "more", "site")
    mistakes = Mistakes()
    found = mapping.load("made", home, mistakes, "UTC", known)
    assert found is not None, list(mistakes)
    values = ["o", "4W", "m", "NORTH"]
    (product,) = found.apply(message, facts, values)
    assert product.payload == b'{"site":"NORTH","ward":"4W","mine":"NORTH!"}'
    ((_, rules),) = found.trace(message, facts, values)
    assert [rule.value for rule in rules] == ["NORTH", "4W", "NORTH!"]
    assert values == ["o", "4W", "m", "NORTH"], "the channel's values stay its own"


def test_a_mappings_own_name_wins(home: Path, put: Any, message: Any, facts: Any) -> None:
    put("made", HEAD + 'let: {site: "own"}\nfields: {site: site}\n')
    found = mapping.load("made", home, Mistakes(), "UTC", names("site"))
    assert found is not None
    assert found.apply(message, facts, ["theirs"])[0].payload == b'{"site":"own"}'


def test_a_condition_on_a_channels_name_is_asked_before_the_lets(
    home: Path, put: Any, message: Any, facts: Any
) -> None:
    put("made", HEAD + 'let: {n: PID-5 | decimal}\nwhen: site == "A"\nfields: {n: n}\n')
    found = mapping.load("made", home, Mistakes(), "UTC", names("site"))
    assert found is not None
    assert found.apply(message, facts, ["B"]) == []
    with pytest.raises(MessageError):
        found.apply(message, facts, ["A"])


def test_the_kind_of_a_channels_name_is_checked(home: Path, put: Any) -> None:
    put("made", HEAD + "fields: {a: first(site), b: upper(site)}\n")
    mistakes = Mistakes()
    assert mapping.load("made", home, mistakes, "UTC", names("site", kind="number")) is None
    put("made", HEAD + "fields: {a: sit}\n")
    mistakes = Mistakes()
    assert mapping.load("made", home, mistakes, "UTC", names("site")) is None
    assert "sit is not a name here; did you mean 'site'?" in str(mistakes.found[0])


def test_what_is_the_same_is_compiled_once(
    home: Path, put: Any, message: Any, facts: Any
) -> None:
    put("plain", HEAD + "fields: {a: MSH-10}\n")
    put("named", HEAD + "fields: {a: site}\n")
    shelf = Shelf(home, Mistakes())
    find = shelf.find
    assert find("plain", "UTC", names("other", "site")) is find("plain", "UTC", names("ward"))
    assert find("plain", "UTC", {}) is not find("plain", "America/Chicago", {})
    one, two = find("named", "UTC", names("site")), find("named", "UTC", names("x", "site"))
    assert one is not None and two is not None
    assert one._block is two._block, "only the slots differ"
    assert one.apply(message, facts, ["A"])[0].payload == b'{"a":"A"}'
    assert two.apply(message, facts, ["x", "B"])[0].payload == b'{"a":"B"}'
    assert find("named", "UTC", {}) is None


# -- groups -----------------------------------------------------------------------------------------------------


def charge(number: str, quantity: int) -> Any:
    entity = canonical.load("ChargeEvent")
    said = {
        "entity": "ChargeEvent/1",
        "source_id": number,
        "patient_account": {"number": "AC77"},
        "status": "charge",
        "occurred_at": "2026-11-21",
        "item": {"code": f"I{number}"},
        "quantity": quantity,
    }
    import msgspec

    return msgspec.convert(said, entity)


def test_a_group_of_entities(make: Any, facts: Any) -> None:
    found = make(
        """
from: [ChargeEvent]
to: json
fields:
  account: key
  lines: count
  opened: opened_at | format("%Y%m%d")
  total: sum(members[*], .quantity)
  first: members[0].item.code
  charges:
    each: members[*]
    when: quantity > 1
    fields: {code: item.code, n: index, of: key}
"""
    )
    assert found.from_ == "[ChargeEvent]"
    record = listed(canonical.load("ChargeEvent"))
    group = record(
        key="AC77",
        count=2,
        opened_at=datetime(2026, 11, 21, tzinfo=UTC),
        members=(charge("1", 1), charge("2", 3)),
    )
    (product,) = found.apply(group, facts)
    assert product.payload == (
        b'{"account":"AC77","lines":2,"opened":"20261121","total":4,"first":"I1",'
        b'"charges":[{"code":"I2","n":2,"of":"AC77"}]}'
    )


def test_the_members_of_a_group_are_checked(mistakes_of: Any) -> None:
    found = mistakes_of("from: [ChargeEvent]\nto: json\nfields:\n  a: members[0].itm\n")
    assert any("ChargeEvent has no field 'itm'; did you mean 'item'?" in each for each in found)


# -- files of rows ----------------------------------------------------------------------------------------------

LAYOUT = "columns: [number, unit, price]\nheader: true\ngroup_by: number\n"
ROWS = b"number,unit,price\n1,EA,2.50\n1,CS,30\n"


def rows(home: Path, raw: bytes = ROWS) -> Any:
    from engine.formats import Reading, load
    from engine.mapping import layouts

    found = layouts.layout("delimited", "items", home, None, Mistakes())
    assert found is not None
    return load("delimited").parse(raw, Reading(layout=found[0]))


def test_rows_of_a_file(home: Path, make: Any, facts: Any) -> None:
    (home / "mappings/layouts").mkdir()
    (home / "mappings/layouts/items.yaml").write_text(LAYOUT)
    found = make(
        """
from: delimited/items
to: json
fields:
  number: number
  least: min(rows[*].price | decimal)
  units:
    each: rows[*]
    fields: {unit: unit, also: .unit, of: number, at: index}
""".replace("min(rows[*].price | decimal)", "rows[0].price | decimal")
    )
    assert found.from_ == "delimited/items"
    (product,) = found.apply(rows(home), facts)
    assert product.payload == (
        b'{"number":"1","least":2.50,"units":[{"unit":"EA","also":"EA","of":"1","at":1},'
        b'{"unit":"CS","also":"CS","of":"1","at":2}]}'
    )
    before = found.digest
    (home / "mappings/layouts/items.yaml").write_text(LAYOUT + "trim: true\n")
    assert make("from: delimited/items\nto: json\nfields: {a: number}\n").digest != before


def test_lines_of_a_layout_with_types(home: Path, make: Any, message: Any, facts: Any) -> None:
    (home / "mappings/layouts").mkdir()
    (home / "mappings/layouts/file.yaml").write_text(
        'types:\n  H: {role: header, when: {is: "H"}, columns: [type, day]}\n'
        '  D: {when: {is: "D"}, columns: [type, item]}\n'
    )
    text = 'from: hl7v2\nto: delimited/file/D\neach: FT1\nfields: {type: "D", item: FT1-1}\n'
    assert [each.payload for each in make(text).apply(message, facts)] == [
        b"D,1\n",
        b"D,2\n",
        b"D,3\n",
    ]


def test_records_of_fixed_fields(home: Path, make: Any, message: Any, facts: Any) -> None:
    (home / "mappings/layouts").mkdir()
    (home / "mappings/layouts/bank.yaml").write_text(
        "fields:\n  account: {length: 8}\n  space: {length: 2, type: filler}\n"
        "  amount: {length: 9, type: number, decimals: 2}\n"
    )
    text = """
from: hl7v2
to: fixed/bank
each: FT1
when: FT1-6.1 == "CG"
fields: {account: PID-18.1, amount: FT1-11 | decimal}
"""
    (product,) = make(text.replace("FT1-11 | decimal", "FT1-11")).apply(message, facts)
    assert product.payload == b"AC77      000420000\n"
    assert (product.of, product.shows) == ("fixed", "fixed/bank")
    from engine.formats import Reading, load

    back = make("from: fixed/bank\nto: json\nfields: {a: account, n: amount}\n")
    document = load("fixed").parse(product.payload, Reading(layout=back.layout))
    assert back.apply(document, facts)[0].payload == b'{"a":"AC77","n":4200.00}'


def test_mistakes_of_layouts(home: Path, mistakes_of: Any) -> None:
    (home / "mappings/layouts").mkdir()
    (home / "mappings/layouts/items.yaml").write_text(LAYOUT)
    (home / "mappings/layouts/file.yaml").write_text(
        'types:\n  H: {role: header, when: {is: "H"}, columns: [type, day]}\n'
        '  D: {when: {is: "D"}, columns: [type, item]}\n'
    )
    for text, said in (
        ("from: delimited\nto: json\nfields: {a: b}", "1:7 delimited files need a layout"),
        ("from: delimited/item\nto: json\nfields: {a: b}", "1:7 there is no layout 'item'; did you mean 'items'?"),
        ("from: delimited/items\nto: json\nfields: {a: nummer}", "nummer is not a name here; did you mean 'number'?"),
        ("from: json\nto: delimited/file\nfields: {a: b}", "2:5 the layout 'file' has several types of lines; it has H, D"),
        ("from: json\nto: delimited/file/X\nfields: {a: b}", "2:5 the layout 'file' has no type 'X'; it has H, D"),
        ("from: json\nto: delimited/items/X\nfields: {a: b}", "2:5 the layout 'items' has no type 'X'; it has no types"),
        ("from: json\nto: delimited/file/D\nfields: {type: a}", "has the column 'item', and no rule gives it"),
    ):  # fmt: skip
        found = mistakes_of(text)
        assert any(said in each for each in found), found


# -- values and bytes -------------------------------------------------------------------------------------------


def test_each_walks_values(make: Any, message: Any, facts: Any) -> None:
    text = HEAD + (
        "fields:\n"
        '  words: {each: PID-11.1 | split(" "), value: it | lower}\n'
        "  codes: {each: FT1-19(*), value: .1}\n"
        '  pairs:\n    each: PID-11.1 | split(" ")\n    fields: {n: index, word: it}\n'
    )
    text = text.replace(
        '{each: PID-11.1 | split(" "), value: it | lower}',
        '\n    each: PID-11.1 | split(" ")\n    value: it | lower',
    )
    text = text.replace("{each: FT1-19(*), value: .1}", "\n    each: FT1-19(*)\n    value: .1")
    (product,) = make(text).apply(message, facts)
    assert product.payload == (
        b'{"words":["1","main"],"codes":["I10.9","Z96"],"pairs":[{"n":1,"word":"1"},{"n":2,"word":"MAIN"}]}'
    )


def test_each_walks_the_different_values_of_fields(make: Any, facts: Any) -> None:
    """Texts of fields and no longer the fields: what is read around them is read as before."""
    from engine.formats import Reading, load

    text = (
        "from: hl7v2\nto: json\nfields:\n  all:\n    each: unique(OBX[*]-3)\n    let: {code: it}\n"
        "    fields:\n      code: it\n      value: OBX[.3 == code]-5\n"
    )
    (product,) = make(text).apply(load("hl7v2").parse(ORU, Reading()), facts)
    assert product.payload == b'{"all":[{"code":"x","value":"1"},{"code":"z","value":"3"}]}'


def test_bytes_go_into_json_as_base64_only(
    mistakes_of: Any, make: Any, message: Any, facts: Any
) -> None:
    found = mistakes_of(HEAD + "fields:\n  a: MSH-10 | unbase64\n")
    assert found == ["4:6 JSON has no bytes"]
    text = HEAD + "fields:\n  a: MSH-10 | base64 | unbase64 | base64\n"
    (product,) = make(text).apply(message, facts)
    assert product.payload == b'{"a":"TVNHMDAwNDI="}'
    text = HEAD + 'fields:\n  a: if(exists(MSH-10), MSH-10 | base64 | unbase64, "x")\n'
    with pytest.raises(MessageError) as caught:
        make(text).apply(message, facts)
    assert "`| base64` makes a text of them" in caught.value.rule


# -- an each around an edit -------------------------------------------------------------------------------------

ORU = (
    b"MSH|^~\\&|LAB|A|B|C|20261121||ORU^R01^ORU_R01|R1|P|2.5.1\rPID|1||10\r"
    b"OBR|1|||a\rOBX|1|NM|x||1\rNTE|1||n\rOBX|2|NM|x||1\r"
    b"OBR|2|||b\rOBX|1|NM|z||3\rZDS|1\rOBR|3|||c\rOBX|1|NM|z||3\r"
)


def test_an_each_around_an_edit_makes_a_message_of_each(make: Any, facts: Any) -> None:
    from engine.formats import Reading, load

    document = load("hl7v2").parse(ORU, Reading())
    text = 'from: hl7v2\nto: hl7v2\neach: OBR\nwhen: OBR-4 != "c"\nset: {MSH-10: "{MSH-10}-{index}", OBR-1: index}\n'
    text += "  OBX-6: OBR-4\n".replace("  OBX-6: OBR-4\n", "")
    text += "edit:\n  - {each: OBX, set: {OBX-6: OBR-4}}\nadd:\n  - {segment: ZPV, after: OBR, set: {ZPV-1: OBR-4}}\n"
    made = [product.payload for product in make(text).apply(document, facts)]
    assert made == [
        b"MSH|^~\\&|LAB|A|B|C|20261121||ORU^R01^ORU_R01|R1-1|P|2.5.1\rPID|1||10\r"
        b"OBR|1|||a\rZPV|a\rOBX|1|NM|x||1|a\rNTE|1||n\rOBX|2|NM|x||1|a\r",
        b"MSH|^~\\&|LAB|A|B|C|20261121||ORU^R01^ORU_R01|R1-2|P|2.5.1\rPID|1||10\r"
        b"OBR|2|||b\rZPV|b\rOBX|1|NM|z||3|b\rZDS|1\r",
    ]
    ((_, rules), _) = make(text).trace(document, facts)
    assert ("MSH-10", "R1-1") in [(rule.field, rule.value) for rule in rules]


def test_an_each_over_values_around_an_edit_copies_the_message(
    make: Any, message: Any, facts: Any
) -> None:
    text = (
        'from: hl7v2\nto: hl7v2\neach: PID-3(*)\nset: {PID-2: .1, MSH-10: "{MSH-10}-{index}"}\n'
    )
    made = [product.payload for product in make(text).apply(message, facts)]
    assert [each.count(b"FT1|") for each in made] == [3, 3]
    assert [each.split(b"PID|1|")[1].split(b"|")[0] for each in made] == [
        b"100234",
        b"999-11-2222",
    ]


def test_an_each_over_texts_around_an_edit(make: Any, message: Any, facts: Any) -> None:
    text = 'from: hl7v2\nto: hl7v2\neach: PID-11.1 | split(" ")\nset: {PID-2: it}\n'
    made = [product.payload for product in make(text).apply(message, facts)]
    assert [each.split(b"PID|1|")[1].split(b"|")[0] for each in made] == [b"1", b"MAIN"]
