"""Messages edited in place: keep, set, remove, edit, add, and every byte that they do not name."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import mapping
from engine.errors import MessageError
from engine.formats import Reading, load
from engine.mapping import Mapping
from engine.message import Context, Facts, Inbound
from engine.placed import Mistakes

ORU = (
    "MSH|^~\\&|LAB|A|B|C|20261121||ORU^R01^ORU_R01|R1|P|2.5.1\r"
    "PID|1||10^^^HOSP&1.2&ISO^MR~20^^^STATE^PI||DOE\\T\\X^JANE||1980|F||\r"
    "PV1|1|O|||||||||||||||||V77^^^HOSP\r"
    "OBR|1|||a\r"
    "NTE|1||of the order\r"
    "OBX|1|NM|x||1|||||| X\r"
    "OBX|2|NM|x||1||||||X\r"
    "NTE|1||of the second\r"
    "OBX|3|TX|y||2||||||F\r"
    "ZDS|1.2.3\r"
    "OBR|2|||b\r"
    "OBX|4|NM|z||3||||||X||\r"
    "OBX|5|NM|z||4||||||F\r"
    "OBX|6|NM|z||5||||||F\r"
)
FACTS = Facts(inbound=Inbound(raw=b"", received_at=0.0), context=Context(now=0.0))
HEAD = "from: hl7v2\nto: hl7v2\n"


def edited(mapping: Mapping, raw: str = ORU) -> str:
    document = load("hl7v2").parse(raw.encode(), Reading())
    (product,) = mapping.apply(document, FACTS)
    again = load("hl7v2").parse(product.payload, Reading())
    assert [one.line for one in product.node.segments] == [one.line for one in again.segments]
    return product.payload.decode()


@pytest.fixture
def edit(make: Any) -> Any:
    """The message that rules make of a message."""
    return lambda rules, raw=ORU: edited(make(HEAD + rules), raw)


def lines(text: str, *names: str) -> list[str]:
    return [line for line in text.split("\r") if line[:3] in names]


# -- keep -------------------------------------------------------------------------------------------------------


def test_keep_leaves_only_what_it_names(edit: Any) -> None:
    kept = "".join(f"{each}\r" for each in lines(ORU, "MSH", "PID", "ZDS"))
    assert edit("keep: [MSH, PID, ZDS]\n") == kept
    assert edit("keep: [PID, ZDS, AL1]\n") == kept, "MSH stays whether it is named or not"


def test_values_outlive_their_segments(edit: Any) -> None:
    made = edit("keep: [MSH, PID]\nset: {PID-18: PV1-19, PID-1: PID-3.1}\n")
    assert lines(made, "PID")[0].startswith("PID|10||")
    assert lines(made, "PID")[0].endswith("|V77^^^HOSP")
    assert lines(made, "PV1") == []


# -- edit -------------------------------------------------------------------------------------------------------


def test_what_is_removed_is_removed_and_the_rest_is_numbered(edit: Any) -> None:
    made = edit(
        "edit:\n"
        '  - {each: OBX, when: OBX-11 == "X", remove: true}\n'
        "  - {each: OBX, set: {OBX-1: index}}\n"
    )
    expected = ORU.replace("OBX|2|NM|x||1||||||X\r", "").replace("OBX|4|NM|z||3||||||X||\r", "")
    for was, now in (("3|TX", "2|TX"), ("5|NM", "1|NM"), ("6|NM", "2|NM")):
        expected = expected.replace(f"OBX|{was}", f"OBX|{now}")
    assert made == expected, "OBX begin again under each OBR; the NTE stays"


def test_what_belongs_to_a_segment_goes_where_it_is_named(edit: Any) -> None:
    made = edit('edit:\n  - {each: OBX, when: OBX-11 == "X", remove: [OBX, NTE]}\n')
    assert lines(made, "NTE") == ["NTE|1||of the order"]
    made = edit('edit:\n  - {each: OBR, when: OBR-4.1 == "a", remove: [OBR, NTE, OBX, ZDS]}\n')
    rest = ORU[ORU.index("OBR|2") :]
    assert made == ORU[: ORU.index("OBR|1")] + rest
    made = edit('edit:\n  - {each: OBX, when: OBX-3 == "z", remove: [NTE, ZDS]}\n')
    assert made == ORU, "what another OBX holds stays"
    made = edit("edit:\n  - {each: OBX, remove: [NTE, ZDS]}\n")
    assert made == ORU.replace("NTE|1||of the second\r", "").replace("ZDS|1.2.3\r", "")
    made = edit("edit:\n  - {each: OBX, remove: [OBX-5, OBX-11]}\n")
    assert lines(made, "OBX")[1] == "OBX|2|NM|x|||||||| "[:-1]


def test_a_removed_group_head_leaves_its_segments_to_the_one_before(edit: Any) -> None:
    made = edit(
        "edit:\n"
        '  - {each: OBR, when: OBR-4 == "b", remove: true}\n'
        "  - {each: OBX, set: {OBX-1: index}}\n"
        "  - {each: OBR, set: {OBR-1: index}}\n"
    )
    assert [each.split("|")[1] for each in lines(made, "OBX")] == list("123456")
    assert [each.split("|")[1] for each in lines(made, "OBR")] == ["1"]


@pytest.mark.parametrize(
    ("each", "name", "numbers"),
    [
        ("OBX", "OBX", "123123"),
        ("OBR", "OBR", "12"),
        ("NTE", "NTE", "11"),
        ("PID", "PID", "1"),
        ('OBX[.11 == "F"](*)', "OBX", "121" + "12"),
    ],
)
def test_index_counts_as_set_ids_do(edit: Any, each: str, name: str, numbers: str) -> None:
    made = edit(f"edit:\n  - each: >-\n      {each}\n    set: {{{name}-1: index}}\n")
    found = [line.split("|")[1] for line in lines(made, name)]
    if "(*)" in each:
        assert found == ["1", "2", "1", "4", "1", "2"]
    else:
        assert "".join(found) == numbers


def test_charges_are_numbered_through_the_message(edit: Any) -> None:
    raw = "MSH|^~\\&|A|B|C|D|||DFT^P03|1|P|2.5.1\rPID|1\r" + "FT1|9\rNTE|9\rNTE|9\r" * 2
    made = edit(
        "edit:\n  - {each: FT1, set: {FT1-1: index}}\n  - {each: NTE, set: {NTE-1: index}}\n",
        raw,
    )
    assert made.endswith("FT1|1\rNTE|1\rNTE|2\rFT1|2\rNTE|1\rNTE|2\r")


def test_values_of_an_edit_are_those_that_came(edit: Any) -> None:
    made = edit(
        "set: {MSH-3: MSH-5, MSH-5: MSH-3}\n"
        "edit:\n"
        '  - {each: OBX, set: {OBX-11: "C"}}\n'
        '  - {each: OBX, when: OBX-11 == "X", set: {OBX-8: OBX-3, OBX-9: MSH-3}}\n'
    )
    assert made.startswith("MSH|^~\\&|B|A|LAB|C|")
    assert [line.split("|")[8:12] for line in lines(made, "OBX")][1] == ["x", "LAB", "", "C"]
    assert lines(made, "OBX")[4] == "OBX|5|NM|z||4||||||C"


def test_let_inside_an_edit(edit: Any) -> None:
    rules = "edit:\n  - each: OBX\n    let: {unit: OBR-4}\n    set: {OBX-6: unit}\n"
    assert [each.split("|")[6] for each in lines(edit(rules), "OBX")] == list("aaabbb")


# -- add --------------------------------------------------------------------------------------------------------

ZPV = "ZPV|V77^^^HOSP|a\\F\\b\r"


@pytest.mark.parametrize(
    ("where", "before"),
    [
        ("after: PV1", "OBR|1"),
        ("before: PV1", "PV1|1"),
        ("before: OBX", "OBX|1"),
        ("after: OBX", ""),
        ("after: AL1", ""),
    ],
)
def test_a_segment_is_added(edit: Any, where: str, before: str) -> None:
    rule = f'  - {{segment: ZPV, {where}, set: {{ZPV-1: PV1-19, ZPV-2: "a|b"}}}}\n'
    expected = ORU.replace(before, ZPV + before, 1) if before else ORU + ZPV
    assert edit("add:\n" + rule) == expected
    assert edit("add:\n" + rule.replace("set:", 'when: PV1-2 == "I", set:')) == ORU


def test_a_segment_without_a_value_is_not_added(edit: Any) -> None:
    assert edit("add:\n  - {segment: ZPV, set: {ZPV-1: PV1-3, ZPV-2.2: PV1-4}}\n") == ORU


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_line_ends_are_those_of_the_message(edit: Any, end: str) -> None:
    raw = ORU.replace("\r", end)
    rule = "add:\n  - {segment: ZPV, set: {ZPV-1: PV1-19.1}}\n"
    assert edit(rule, raw) == raw + "ZPV|V77" + end
    assert edit(rule, raw.removesuffix(end)) == raw + "ZPV|V77", "no last end appears"
    twice = rule + "  - {segment: ZPW, set: {ZPW-1: PV1-19.1}}\n"
    assert edit(twice, raw.removesuffix(end)) == raw + "ZPV|V77" + end + "ZPW|V77"


def test_one_segment_for_each_thing(edit: Any) -> None:
    made = edit("add:\n  - {segment: ZID, after: PID, each: PID-3(*), set: {ZID-1: index, ZID-2: .5, ZID-3: it}}\n")  # fmt: skip
    after = ORU.index("PV1|")
    new = "ZID|1|MR|10^^^HOSP&1.2&ISO^MR\rZID|2|PI|20^^^STATE^PI\r"
    assert made == ORU[:after] + new + ORU[after:], "in their order, as they are"


def test_one_segment_in_each_group(edit: Any) -> None:
    made = edit("add:\n  - {segment: NTE, after: OBX, each: OBX, when: OBX-11 == \"F\", set: {NTE-1: \"1\", NTE-3: OBX-3}}\n")  # fmt: skip
    assert lines(made, "NTE") == [
        "NTE|1||of the order", "NTE|1||of the second", "NTE|1||y", "NTE|1||z", "NTE|1||z",
    ]  # fmt: skip
    assert "OBX|3|TX|y||2||||||F\rNTE|1||y\rZDS" in made
    made = edit("add:\n  - {segment: ZOB, each: OBR, set: {ZOB-1: OBR-4}}\n")
    assert "ZDS|1.2.3\rZOB|a\rOBR|2" in made
    assert made.endswith("ZOB|b\r")


def test_what_was_added_is_walked_below(edit: Any) -> None:
    made = edit(
        "add:\n"
        '  - {segment: OBX, before: OBX, each: OBR, set: {OBX-2: "ST", OBX-11: OBR-4}}\n'
        "edit:\n"
        '  - {each: OBX, when: OBX-11 == "X", remove: true}\n'
        "  - {each: OBX, set: {OBX-1: index, OBX-4: OBX-11}}\n"
    )
    found = [line.split("|") for line in lines(made, "OBX")]
    assert [(each[1], each[2], each[4]) for each in found] == [
        ("1", "ST", "a"), ("2", "NM", " X"), ("3", "TX", "F"),
        ("1", "ST", "b"), ("2", "NM", "F"), ("3", "NM", "F"),
    ]  # fmt: skip


def test_the_keys_are_carried_out_from_top_to_bottom(edit: Any) -> None:
    add, keep = "add:\n  - {segment: ZPV, set: {ZPV-1: PV1-19.1}}\n", "keep: [MSH]\n"
    assert lines(edit(keep + add), "MSH", "ZPV", "PID")[1:] == ["ZPV|V77"]
    assert edit(add + keep) == lines(ORU, "MSH")[0] + "\r"


# -- errors and traces ------------------------------------------------------------------------------------------


def test_an_error_names_the_segment_and_the_place(make: Any) -> None:
    rules = "edit:\n  - {each: OBX, set: {OBX-5: OBX-3 | decimal}}\n"
    with pytest.raises(MessageError) as caught:
        edited(make(HEAD + rules))
    assert (caught.value.code, caught.value.path) == ("bad_value", "OBX-3 in OBX number 1")
    assert "made, OBX-5" in caught.value.rule


def test_trace_shows_what_is_done_to_which_segment(make: Any) -> None:
    made = make(
        HEAD + "keep: [MSH, PV1, OBR, OBX, NTE]\n"
        'set: {MSH-12: "2.3"}\n'
        "remove: [PV1-2]\n"
        "edit:\n"
        '  - {each: OBX, when: OBX-11 == "X", remove: true}\n'
        "  - {each: OBX, set: {OBX-1: index}}\n"
        "add:\n"
        "  - {segment: ZPV, set: {ZPV-1: PV1-19.1}}\n"
    )
    document = load("hl7v2").parse(ORU.encode(), Reading())
    ((product, rules),) = made.trace(document, FACTS)
    assert product.payload == made.apply(document, FACTS)[0].payload
    shown = [(rule.field, rule.value, rule.line) for rule in rules]
    assert shown == [
        ("keep", "PID, ZDS left", 3),
        ("MSH-12", "2.3", 4),
        ("PV1-2", "removed", 5),
        ("OBX[2]", "removed", 7),
        ("OBX[4]", "removed", 7),
        ("OBX[1].OBX-1", "1", 8),
        ("OBX[2].OBX-1", "2", 8),
        ("OBX[3].OBX-1", "1", 8),
        ("OBX[4].OBX-1", "2", 8),
        ("ZPV.ZPV-1", "V77", 10),
    ]
    assert rules[-1].paths == ("PV1-19.1",)


# -- what no rule names stays -----------------------------------------------------------------------------------

NAMES = ("OBR", "OBX", "NTE", "ZDS", "PID", "PV1", "NK1", "xy2")
FIELD = st.text(alphabet="aX1 ^&~\\.é", max_size=5)
SEGMENT = st.builds(
    lambda name, fields: "|".join([name, *fields]), st.sampled_from(NAMES), st.lists(FIELD, max_size=13)
)  # fmt: skip
RULES = (
    HEAD
    + """
keep: [MSH, OBR, OBX, NTE, ZDS, PV1]
set: {OBR-2: MSH-10}
edit:
  - {each: OBX, when: OBX-11.1 == "X", remove: true}
  - {each: OBX, set: {OBX-1: index}}
add:
  - {segment: ZPV, after: PV1, each: PV1, set: {ZPV-1: PV1-2, ZPV-2: "é"}}
"""
)


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Mapping:
    home = tmp_path_factory.mktemp("home")
    (home / "mappings").mkdir()
    (home / "mappings/made.yaml").write_text(RULES)
    found = mapping.load("made", home, Mistakes())
    assert found is not None
    return found


@given(st.lists(SEGMENT, max_size=14), st.sampled_from(["\r", "\n", "\r\n"]), st.booleans())
def test_bytes_that_no_rule_names_stay(
    rules: Mapping, segments: list[str], end: str, last: bool
) -> None:
    head = "MSH|^~\\&|A|B|C|D|||ORU^R01|7|P|2.5.1||||||UNICODE UTF-8"
    made = edited(rules, end.join([head, *segments]) + end * last)
    assert made.endswith(end) == last
    assert "\r" not in made.replace(end, "") and "\n" not in made.replace(end, "")
    found = made.removesuffix(end).split(end)

    def rest(line: str) -> str:
        return line.split("|", 2)[2] if line[:3] == "OBX" and line.count("|") > 1 else line[:3]

    def stays(line: str) -> bool:
        fields = line.split("|")
        if line[:3] == "OBX":
            return len(fields) < 12 or first(fields[11]) != "X"
        return line[:3] in ("MSH", "OBR", "NTE", "ZDS", "PV1")

    first_of_kind = {line[:3]: at for at, line in reversed(list(enumerate(segments)))}
    expected = [head]
    for at, line in enumerate(segments):
        if stays(line):
            write = line[:3] == "OBR" and at == first_of_kind["OBR"]
            expected.append(written(line, 2, "7") if write else line)
    plain = [line for line in found if line[:3] != "ZPV"]
    assert len(plain) == len(expected)
    for was, now in zip(expected, plain, strict=True):
        assert (rest(was) == rest(now)) if was[:3] == "OBX" else was == now
    assert sum(line[:3] == "ZPV" for line in found) == sum(s[:3] == "PV1" for s in segments)


def first(field: str) -> str:
    for separator in "~^&":
        field = field.partition(separator)[0]
    return field


def written(line: str, number: int, value: str) -> str:
    fields = line.split("|")
    fields += [""] * (number + 1 - len(fields))
    fields[number] = value
    return "|".join(fields)


# -- mistakes ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("keep: [MSH, PDI]", "3:13 there is no segment 'PDI' in HL7 v2; did you mean 'PID'?"),
        ("keep: [MSH, pid]", "3:13 'pid' is no name of a segment; did you mean 'PID'?"),
        ("keep: [MSH, PID-3]", "3:13 'PID-3' is no name of a segment; did you mean 'PID'?"),
        ("keep: {a: b}", "3:7 here stands the name of a segment"),
        ('keep: [MSH, PID]\nset: {PV1-2: "I"}', "4:7 the 'keep' above lets PV1 leave the message"),
        ("keep: [MSH]\nedit: [{each: OBX, set: {OBX-1: index}}]", "4:15 the 'keep' above lets OBX leave"),
        ("set: {}", "'set' names places and values"),
        ('set: {PID: "x"}', "3:7 a whole segment is not written to, its fields are"),
        ("remove: [MSH]", "3:10 a message begins with MSH: it stays"),
        ("remove: [PDI]", "there is no segment 'PDI'"),
        ("edit: x", "3:7 'edit' is a list of rules"),
        ("edit: [{each: OBX}]", "3:8 an edit sets or removes something"),
        ("edit: [{set: {OBX-1: \"1\"}}]", "3:8 an edit says which segments it walks"),
        ("edit: [{each: OBX-3, remove: true}]", "3:15 an edit walks segments"),
        ("edit: [{each: PID-3(*), remove: true}]", "3:15 an edit walks segments"),
        ("edit: [{each: OBX, remov: true}]", "3:20 there is no key 'remov' here; did you mean 'remove'?"),
        ("edit: [{each: OBX, remove: yes}]", "3:28 'remove' is true, or lists segments and fields"),
        ("edit: [{each: OBX, remove: true, set: {OBX-1: index}}]", "what is removed needs no 'set'"),
        ("edit: [{each: MSH, remove: true}]", "a message begins with MSH: it stays"),
        ("edit: [{each: OBX, set: {OBX-1: indx}}]", "indx is not a name here; did you mean 'index'?"),
        ("edit: [{each: OBX, when: OBX-11, remove: true}]", "3:26 "),
        ("add: [ZPV]", "3:7 'add' is a list of rules"),
        ("add: [{set: {ZPV-1: MSH-3}}]", "here stands the name of a segment"),
        ("add: [{segment: ZPVX, set: {ZPV-1: MSH-3}}]", "'ZPVX' is no name of a segment"),
        ("add: [{segment: MSH, set: {MSH-3: MSH-3}}]", "a message begins with MSH"),
        ("add: [{segment: ZPV, before: MSH, set: {ZPV-1: MSH-3}}]", "a message begins with MSH"),
        ("add: [{segment: ZPV, after: PV1, before: PV2, set: {ZPV-1: MSH-3}}]", "'after' or 'before', not both"),
        ("add: [{segment: ZPV, after: PDI, set: {ZPV-1: MSH-3}}]", "3:29 there is no segment 'PDI' in HL7 v2; did you mean 'PID'?"),
        ("add: [{segment: ZPV}]", "a segment that is added has values"),
        ("add: [{segment: ZPV, set: {ZPW-1: MSH-3}}]", "3:28 'ZPW-1' is no place of the ZPV that is added"),
        ("add: [{segment: ZPV, set: {ZPV-1: index}}]", "'index' is known inside an each"),
        ("add: [{segment: ZPV, afer: PV1, set: {ZPV-1: MSH-3}}]", "there is no key 'afer' here; did you mean 'after'?"),
        ("add:\n  - segment: ZPV\n    set:\n      ZPV-1[.5 == \"x\"]: MSH-3", "6:7 a new segment is empty"),
        ("kep: [MSH]\nset: {MSH-3: MSH-5}", "3:1 there is no key 'kep' here; did you mean 'keep'?"),
    ],
)  # fmt: skip
def test_mistakes(mistakes_of: Any, text: str, said: str) -> None:
    found = mistakes_of(HEAD + text)
    assert any(said in each for each in found), found
