"""Messages built from nothing, in the standard's structure."""

from __future__ import annotations

from typing import Any

import pytest

from engine.effects import Notes
from engine.errors import MessageError
from engine.formats import NULL, PathProblem, Reading, Scope
from engine.formats.hl7v2 import parse, structure
from engine.formats.hl7v2.structures import events, facts, versions
from engine.message import Context, Facts, Inbound

HEADER = "MSH|^~\\&|||||20261121053000+0000||"
SCOPE = Scope(None, None)


def facts_of(environment: str = "production") -> Facts:
    context = Context(now=1_795_239_000.0, id=236_691, environment=environment)
    return Facts(inbound=Inbound(raw=b"", received_at=0.0), context=context)


def never(text: str, at: int, shape: Any) -> Any:
    raise AssertionError("a build reads its filters by itself")


class Building:
    """A message on its way: places and values of a group, then of the groups inside it."""

    def __init__(self, name: str, environment: str = "production") -> None:
        self.level: Any = structure(name)
        self.node: Any = self.level.new(facts_of(environment))
        self.whole = self.node

    def set(self, places: dict[str, Any]) -> Building:
        for place, value in places.items():
            self.level.place(place, never).set(self.node, SCOPE, value)
        return self

    def group(self, name: str, places: dict[str, Any] | None = None) -> Building:
        inner = object.__new__(Building)
        inner.level, inner.node, inner.whole = (
            self.level.group(name),
            self.node.group(name),
            self.whole,
        )
        return inner.set(places or {})

    def text(self) -> str:
        raw: bytes = self.whole.render()
        document = parse(raw, Reading())
        made = self.whole.document()
        assert made.raw == raw
        assert [one.fields for one in made.segments] == [
            one.fields for one in document.segments
        ]
        assert [one.line for one in made.segments] == [one.line for one in document.segments]
        assert made.index.keys() == document.index.keys()
        return raw.decode(document.decoded.codec)

    def lines(self) -> list[str]:
        """All behind the header."""
        return self.text().split("\r")[1:-1]

    def refused(self) -> tuple[str, str, str]:
        with pytest.raises(MessageError) as caught:
            self.whole.render()
        return caught.value.code, caught.value.path, caught.value.rule


ADT = {"EVN-2": "20261121", "PID-3.1": "100", "PV1-2": "I"}


# -- what there is ----------------------------------------------------------------------------------------------

ASKED = """
    ACK ADT_A01 ADT_A02 ADT_A03 ADT_A04 ADT_A05 ADT_A06 ADT_A08 ADT_A09 ADT_A12 ADT_A15 ADT_A17 ADT_A18 ADT_A21 ADT_A24
    ADT_A28 ADT_A30 ADT_A31 ADT_A37 ADT_A38 ADT_A39 ADT_A40 ADT_A43 ADT_A45 BAR_P01 BAR_P02 BAR_P05 DFT_P03 MDM_T01
    MDM_T02 MFN_M01 MFN_M02 MFN_M04 MFN_M05 MFN_M15 MFN_M16 MFK_M01 OMG_O19 OML_O21 OMN_O07 OMS_O05 ORL_O22 ORM_O01
    ORR_O02 ORU_R01 PPR_PC1 QBP_Q11 QBP_Q21 RSP_K11 RSP_K21 RSP_K22 QRY_A19 ADR_A19 RDE_O11 RDS_O13 REF_I12 RGV_O15
    RAS_O17 SIU_S12 SIU_S13 SRM_S01 VXU_V04 ANY
"""


@pytest.mark.parametrize("name", ASKED.split())
def test_messages_that_are_built(name: str) -> None:
    for version in versions():
        level = structure(f"{version}/{name}")
        assert level.version == version
        assert level.name == events().get(name, name)


def test_every_structure_of_the_standard_can_be_built() -> None:
    for name in facts().structures:
        level = structure(f"2.5.1/{name}")
        assert level.place("MSH-3", never).text == "MSH-3"
        for step in level.steps:
            assert level.group(step.key) is not None


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("2.5.1/ADT_A99", "there is no message 'ADT_A99' in HL7 v2; did you mean 'ADT_A"),
        ("2.5.1/adt_a01", "did you mean 'ADT_A01'"),
        ("2.5.1/XXXXXXXXXX", "ANY takes any segments"),
        ("2.9/ADT_A01", "versions are 2.1, 2.2, .* and 2.8.2"),
        ("ADT_A01", "as in hl7v2/2.5.1/ADT_A08"),
        ("2.5.1", "as in hl7v2/2.5.1/ADT_A08"),
    ],
)
def test_messages_that_are_not(name: str, problem: str) -> None:
    with pytest.raises(LookupError, match=problem):
        structure(name)


# -- the header -------------------------------------------------------------------------------------------------


def test_the_header_is_filled_in() -> None:
    made = Building("2.5.1/ADT_A08").set(ADT)
    assert made.text().split("\r")[0] == f"{HEADER}ADT^A08^ADT_A01|774K-6|P|2.5.1"


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("2.3/ADT_A08", "ADT^A08|774K-6|P|2.3"),
        ("2.3.1/ADT_A08", "ADT^A08^ADT_A01|774K-6|P|2.3.1"),
        ("2.8.2/ADT_A01", "ADT^A01^ADT_A01|774K-6|P|2.8.2"),
    ],
)
def test_the_version_says_what_msh_9_has(name: str, header: str) -> None:
    assert Building(name).set(ADT).text().split("\r")[0] == HEADER + header


def test_all_of_the_header_can_be_set() -> None:
    said = {
        "MSH-3": "US",
        "MSH-7": "2026",
        "MSH-9.2": "A04",
        "MSH-9.3": "OWN",
        "MSH-10": "C-1",
        "MSH-11": "D",
        "MSH-12": "2.4",
        "MSH-13": "7",
    }
    made = Building("2.5.1/ADT_A01").set(said).set(ADT)
    assert made.text().startswith("MSH|^~\\&|US||||2026||ADT^A04^OWN|C-1|D|2.4|7\r")


def test_a_test_environment_says_so() -> None:
    assert "|774K-6|T|2.5.1\r" in Building("2.5.1/ADT_A08", "test").set(ADT).text()


def test_a_second_message_of_one_has_a_number_of_its_own() -> None:
    level, given = structure("2.5.1/ADT_A08"), facts_of()
    numbers = []
    for _ in range(3):
        message = level.new(given)
        for place, value in ADT.items():
            level.place(place, never).set(message, SCOPE, value)
        message.render()
        numbers.append(message.document().control())
    assert numbers == ["774K-6", "774K-6.2", "774K-6.3"]
    assert given.notes.built == 3
    assert Notes().built == 0


def test_the_parts_of_a_message_have_numbers_of_their_own() -> None:
    context = Context(now=0.0, id=236_691, part=".3")
    given = Facts(inbound=Inbound(raw=b"", received_at=0.0), context=context)
    level = structure("2.5.1/ACK")
    numbers = []
    for _ in range(2):
        message = level.new(given)
        for place in ("MSA-1", "MSH-9.2"):
            level.place(place, never).set(message, SCOPE, "AA")
        message.render()
        numbers.append(message.document().control())
    assert numbers == ["774K-6.3", "774K-6.3.2"]


def test_an_acknowledgement_says_of_which_event() -> None:
    made = Building("2.5.1/ACK").set({"MSA-1": "AA"})
    assert made.refused()[:2] == ("missing_field", "MSH-9.2")
    assert "|ACK^A01^ACK|" in made.set({"MSH-9.2": "A01"}).text()
    assert "||ACK|" in Building("2.3/ACK").set({"MSA-1": "AA"}).text()


def test_delimiters_can_be_chosen() -> None:
    made = Building("2.5.1/ADT_A08").set(ADT)
    made.set({"PID-5": "A|B^C", "PID-3(2).4": "x:y", "MSH-2": ":~\\&", "MSH-1": "#"})
    assert made.text().split("\r")[0].startswith("MSH#:~\\&###")
    assert made.lines()[1] == "PID###100~:::x\\S\\y##A|B^C"
    assert "ADT:A08:ADT_A01" in made.text()


@pytest.mark.parametrize("marks", ["^^\\&", "^~", "abcd", "^~\\|"])
def test_delimiters_that_cannot_be(marks: str) -> None:
    code, path, rule = Building("2.5.1/ADT_A08").set({**ADT, "MSH-2": marks}).refused()
    assert (code, path) in (("bad_value", "MSH-2"), ("unreadable", "MSH-2"))
    assert marks not in rule.replace("^~\\&", "")


@pytest.mark.parametrize(
    ("said", "codec", "header"),
    [
        (None, "utf-8", "UNICODE UTF-8"),
        ("8859/1", "iso8859-1", "8859/1"),
        ("UNICODE UTF-8", "utf-8", "UNICODE UTF-8"),
    ],
)
def test_characters_beyond_ascii(said: str | None, codec: str, header: str) -> None:
    made = Building("2.5.1/ADT_A08").set({**ADT, "PID-5.1": "MÜLLER", "MSH-18": said})
    assert made.text().split("\r")[0].endswith(f"|2.5.1||||||{header}")
    assert made.whole.render().decode(codec).split("\r")[2] == "PID|||100||MÜLLER"
    assert made.whole.document().decoded.codec == codec


def test_a_character_that_the_set_does_not_have() -> None:
    made = Building("2.5.1/ADT_A08").set({**ADT, "PID-5.1": "Ж", "MSH-18": "8859/1"})
    assert made.refused()[:2] == ("unmappable_character", "PID-5")
    made = Building("2.5.1/ADT_A08").set({**ADT, "PID-5.1": "a\udc0dMSH"})
    assert made.refused()[:2] == ("unmappable_character", "PID-5")


# -- values -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "value", "segment"),
    [
        ("PID-5", "a|b^c&d~e\\f", "a\\F\\b\\S\\c\\T\\d\\R\\e\\E\\f"),
        ("PID-5", "a\r\nb\rc\nd\x0b\x1c", "a\\.br\\b\\.br\\c\\.br\\d\\X0B\\\\X1C\\"),
        ("PID-5.2", "x", "^x"),
        ("PID-5.2.3", "x", "^&&x"),
        ("PID-5.1", "x", "x"),
        ("PID-5(2).2", "x", "~^x"),
        ("PID-5", ["a", "b^", "c"], "a~b\\S\\~c"),
        ("PID-5", ["a"], "a"),
        ("PID-5", NULL, '""'),
        ("PID-5.3", NULL, '^^""'),
        ('PID-5[.7 == "L" and .8.2 == "x\\"y"].1', "a", 'a^^^^^^L^&x"y'),
        ('PID-5[.1 == "a|b"].2', "c", "a\\F\\b^c"),
    ],
)
def test_values(place: str, value: Any, segment: str) -> None:
    made = Building("2.5.1/ADT_A08").set({**ADT, place: value})
    assert made.lines()[1] == f"PID|||100||{segment}"


@pytest.mark.parametrize("value", [None, "", [], [None]])
def test_of_nothing_nothing_is_made(value: Any) -> None:
    places = (
        "ZPV-1",
        "NK1-2.1",
        'PID-3[.5 == "SS"].1',
        "IN1-2",
        'OBX[.3.1 == "x"]-5',
        "PID-3(4).2",
    )
    made = Building("2.5.1/ADT_A08").set({**ADT, **dict.fromkeys(places, value)})
    made.group("DG1", {"DG1-1": value})
    made.group("INSURANCE", {"IN1-2": value})
    assert made.lines() == ["EVN||20261121", "PID|||100", "PV1||I"]


def test_a_component_takes_one_value() -> None:
    with pytest.raises(MessageError, match=r"PID-5\.1 takes one value"):
        Building("2.5.1/ADT_A08").set({"PID-5.1": ["a", "b"]})


def test_filters_find_and_make_repetitions_and_segments() -> None:
    made = Building("2.5.1/ADT_A08").set(ADT)
    made.set(
        {
            'PID-3[.5 == "SS"].1': "999",
            'PID-3[.5 == "MR" and .4.1 == "GEN"].1': "200",
            'PID-3[.5 == "SS"].4': "SSA",
            'OBX[.3.1 == "8480-6" and .2 == "NM"]-5': "120",
            'OBX[.3.1 == "8462-4"]-5': "80",
            'OBX[.3.1 == "8480-6"]-6': "mm",
            "NK1[2]-1": "2",
        }
    )
    assert made.lines() == [
        "EVN||20261121",
        "PID|||100~999^^^SSA^SS~200^^^GEN^MR",
        "NK1|2",
        "PV1||I",
        "OBX||NM|8480-6||120|mm",
        "OBX|||8462-4||80",
    ]


def test_things_of_another_message_are_copied_as_they_are(hl7: Any) -> None:
    source = hl7.document("MSH#:*!%#A\rPID###1:2:3%4*5#a!S!b#x!T!y|z\r")
    scope = Scope(source, None)
    made = Building("2.5.1/ADT_A08").set(ADT)
    for place, path in (
        ("PID-3", "PID-3"),
        ("PID-5.2", "PID-4"),
        ("PID-6", "PID-5"),
        ("PID-4", "PID-3(2)"),
    ):
        made.set({place: list(hl7.compiled(path).nodes(scope)) or None})
    assert made.lines()[1] == "PID|||1^2^3&4~5|5|^a:b|x%y\\F\\z"


# -- segments, groups, order ------------------------------------------------------------------------------------


def test_segments_come_out_in_the_order_of_the_structure() -> None:
    made = Building("2.5.1/ADT_A01")
    made.group("INSURANCE", {"IN2-1": "x", "IN1-2": "P1"})
    made.group("IN1", {"IN1-2": "P2"})
    made.set(
        {"PDA-1": "a", "ROL-1": "r", "PV1-2": "I", "AL1-2": "b", "PID-3": "1", "EVN-1": "A01"}
    )
    made.group("DG1", {"DG1-1": "1"})
    made.group("DG1", {"DG1-1": "2"})
    made.group("PR1", {"PR1-1": "1"}).group("ROL", {"ROL-1": "s"})
    names = [line[:6] for line in made.lines()]
    assert names == [
        "EVN|A0", "PID|||", "ROL|r", "PV1||I", "AL1||b", "DG1|1", "DG1|2", "PR1|1", "ROL|s", "IN1||P", "IN2|x", "IN1||P", "PDA|a",
    ]  # fmt: skip


def oru() -> Building:
    made = Building("2.5.1/ORU_R01").set({"PID-3.1": "100", "PV1-2": "O"})
    for order in ("1", "2"):
        inner = made.group("OBR", {"OBR-1": order, "ZDS-1": f"z{order}", "ORC-1": "RE"})
        inner.group("NTE", {"NTE-3": "of the order"})
        for result in ("1", "2"):
            inner.group("OBX", {"OBX-1": result, "ZOB-1": "x"}).group("NTE", {"NTE-3": "n"})
    return made


def test_groups_are_named_by_their_segment_and_reached_from_above() -> None:
    order = ["ORC|RE", "OBR|%s", "NTE|||of the order", "ZDS|z%s"]
    results = ["OBX|1", "NTE|||n", "ZOB|x", "OBX|2", "NTE|||n", "ZOB|x"]
    first, second = ([line.replace("%s", str(at)) for line in order] for at in (1, 2))
    assert oru().lines() == ["PID|||100", "PV1||O", *first, *results, *second, *results]


def test_what_was_built_is_walked_as_it_was_built(hl7: Any) -> None:
    document = hl7.document(oru().text())
    read = hl7.each(document, "OBR", "OBR-1", "ZDS-1", "OBX[2]-1", "PID-3.1")
    assert read == [["1", "z1", "2", "100"], ["2", "z2", "2", "100"]]
    assert len(hl7.scopes(document, "OBX")) == 4


def test_several_patients() -> None:
    made = Building("2.5.1/ORU_R01")
    for number in "12":
        patient = made.group("PATIENT_RESULT", {"PID-1": number})
        patient.group("OBR", {"OBR-1": number})
    assert made.lines() == ["PID|1", "OBR|1", "PID|2", "OBR|2"]
    made = Building("2.5.1/ADT_A40").set({"EVN-1": "A40"})
    for number in "12":
        made.group("PID", {"PID-1": number, "MRG-1": f"old {number}"})
    assert made.lines() == ["EVN|A40", "PID|1", "MRG|old 1", "PID|2", "MRG|old 2"]


def test_a_group_without_room_gets_another_around_it() -> None:
    made = Building("2.5.1/OML_O21")
    for number in "12":
        made.group("OBR", {"OBR-1": number})
    assert made.refused()[:2] == ("missing_segment", "ORC")
    made = Building("2.5.1/OML_O21")
    for number in "12":
        made.group("ORC", {"ORC-1": number, "OBR-1": number}).group("SPM", {"SPM-1": "s"})
    assert made.lines() == ["ORC|1", "OBR|1", "SPM|s", "ORC|2", "OBR|2", "SPM|s"]


def test_two_patients_in_one_level_take_their_places() -> None:
    made = Building("2.5.1/ADT_A17").set(ADT)
    assert made.refused()[:2] == ("missing_segment", "PID")
    made.set({"PID[2]-3.1": "200", "PV1[2]-2": "O", "PV2[2]-3": "x"})
    assert made.lines() == [
        "EVN||20261121",
        "PID|||100",
        "PV1||I",
        "PID|||200",
        "PV1||O",
        "PV2|||x",
    ]


def test_one_of_several_segments() -> None:
    made = Building("2.5.1/ORM_O01").set({"ORC-1": "NW", "NTE-3": "of the message"})
    assert made.lines() == ["NTE|||of the message", "ORC|NW"]
    assert made.set({"RXO-1": "x"}).lines()[-1] == "RXO|x"
    made = Building("2.5.1/ORM_O01").set({"ORC-1": "NW"})
    made.group("OBX", {"OBX-1": "1"})
    assert made.refused()[1] == "OBR or RQD or RQ1 or RXO or ODS or ODT"


def test_z_segments_stand_behind_the_segments_of_their_group() -> None:
    made = Building("2.5.1/DFT_P03").set(
        {"EVN-1": "P03", "PID-1": "1", "ZZZ-1": "end", "ZAA-1": "end"}
    )
    for number in "12":
        charge = made.group("FT1", {"FT1-1": number, "ZFT-2": number})
        charge.group("ZFT", {"ZFT-1": "second"})
        charge.group("PR1", {"PR1-1": "1"})
    made.group("IN1", {"IN1-1": "1", "ZIN-1": "x"})
    one = ["ZFT||1", "ZFT|second", "PR1|1"]
    two = ["ZFT||2", "ZFT|second", "PR1|1"]
    charges = ["FT1|1", *one, "FT1|2", *two]
    assert made.lines() == [
        "EVN|P03",
        "PID|1",
        *charges,
        "IN1|1",
        "ZIN|x",
        "ZZZ|end",
        "ZAA|end",
    ]


# -- what is missing or too much --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "places", "path", "rule"),
    [
        ("ADT_A01", {}, "EVN", "ADT_A01 has a segment EVN"),
        ("ADT_A01", {**ADT, "PID-3.1": None}, "PID", "ADT_A01 has a segment PID"),
        ("ADT_A01", {**ADT, "IN2-1": "x"}, "IN1", "INSURANCE of ADT_A01 has a segment IN1"),
        ("DFT_P03", {"EVN-1": "x", "PID-1": "1"}, "FINANCIAL", "DFT_P03 has a group FINANCIAL"),
        (
            "ORU_R01",
            {"PID-1": "1"},
            "ORDER_OBSERVATION",
            "PATIENT_RESULT of ORU_R01 has a group",
        ),
        (
            "MFN_M16",
            {"MFI-1": "1", "ITM-1": "1"},
            "MFE",
            "MATERIAL_ITEM_RECORD of MFN_M16 has a segment MFE",
        ),
    ],
)
def test_what_the_structure_requires(
    name: str, places: dict[str, Any], path: str, rule: str
) -> None:
    code, at, said = Building(f"2.5.1/{name}").set(places).refused()
    assert (code, at) == ("missing_segment", path)
    assert rule in said


def test_what_stands_once() -> None:
    made = Building("2.5.1/ADT_A01").set(ADT)
    made.group("PV1", {"PV1-1": "2"})  # what stands once and was written to is that segment
    assert [line for line in made.lines() if line.startswith("PV1")] == ["PV1|2|I"]
    made.group("PV1", {"PV1-1": "3"})
    code, path, rule = made.refused()
    assert (code, path) == ("too_many_segments", "PV1")
    assert rule == "PV1 stands once in ADT_A01, and it is made 2 times"
    made = Building("2.5.1/OML_O21").group("ORC", {"ORC-1": "NW"})
    for number in "12":
        made.group("OBR", {"OBR-1": number})
    assert made.refused()[:2] == ("too_many_segments", "OBSERVATION_REQUEST")


def test_what_a_version_did_not_have_is_not_required() -> None:
    places = {"ORC-1": "NW", "RXE-1": "x", "RXR-1": "y"}
    assert Building("2.4/RDE_O11").set(places).lines() == ["ORC|NW", "RXE|x", "RXR|y"]
    assert Building("2.5/RDE_O11").set(places).refused()[1] == "TIMING_ENCODED"


# -- places that cannot be --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "problem"),
    [
        ("FT1-1", "there is no 'FT1' in ADT_A01"),
        ("PIX-1", "there is no segment 'PIX' in HL7 v2"),
        ("PID[1]", "a whole segment is copied to by its name alone"),
        ("PID-3(*).1", "one by one"),
        ("NK1[*]-1", "one by one"),
        ('PID-3[.5 == "MR"](2).1', "one by one"),
        ('PID-3[.5 == "MR"](*).1', "one by one"),
        ("PID[2]-3", "PID stands once in ADT_A01"),
        ('PID-3[.5 != "MR"].1', "in a build a filter says what stands there"),
        ("PID-3[.5 == kind].1", "in a build a filter says what stands there"),
        ('PID-3[.5 == "MR" or .5 == "PI"].1', "expected 'and' or '\\]'"),
        ('PID-3[.4.1.2 == "MR"].1', "in a build a filter says"),
        ("PID-99999", "numbers go to 999"),
        ("PID-3(99999)", "numbers go to 999"),
        ("PID-3.1 x", "ends here"),
        (".3.1", "there is none here"),
        ("patient", "looks like PID-3.1"),
        ("PID-0", "counts from 1"),
    ],
)
def test_places_that_cannot_be(place: str, problem: str) -> None:
    with pytest.raises(PathProblem, match=problem):
        structure("2.5.1/ADT_A01").place(place, never)


def test_a_segment_of_several_groups_is_asked_about() -> None:
    level = structure("2.5.1/ORU_R01")
    with pytest.raises(
        PathProblem, match="NTE stands in several groups: PATIENT, ORDER_OBSERVATION"
    ):
        level.place("NTE-3", never)
    with pytest.raises(LookupError, match="say in which"):
        level.group("NTE")
    assert level.group("OBR").place("NTE-3", never).text == "NTE-3"


@pytest.mark.parametrize(
    ("message", "name", "group"),
    [
        ("ORU_R01", "OBR", "ORDER_OBSERVATION"),
        ("ORU_R01", "ORC", "ORDER_OBSERVATION"),
        ("ORU_R01", "OBX", "OBSERVATION"),
        ("ORU_R01", "PID", "PATIENT"),
        ("ORU_R01", "ORDER_OBSERVATION", "ORDER_OBSERVATION"),
        ("DFT_P03", "FT1", "FINANCIAL"),
        ("DFT_P03", "ORC", "COMMON_ORDER"),
        ("OML_O21", "PID", "PATIENT"),
        ("MFN_M16", "ITM", "MATERIAL_ITEM_RECORD"),
        ("MFN_M15", "IIM", "MF_INV_ITEM"),
        ("SIU_S12", "AIS", "SERVICE"),
        ("ADT_A01", "NK1", "NK1"),
        ("ADT_A01", "ZZZ", "ZZZ"),
    ],
)
def test_names_of_groups(message: str, name: str, group: str) -> None:
    assert structure(f"2.5.1/{message}").group(name).name == group


def test_a_group_that_is_not_there() -> None:
    with pytest.raises(
        LookupError, match="there is no 'INSURANC' in ADT_A01; did you mean 'INSURANCE'"
    ):
        structure("2.5.1/ADT_A01").group("INSURANC")
    with pytest.raises(
        LookupError, match="there is no 'PV1' in INSURANCE of ADT_A01; it has IN1, IN2"
    ):
        structure("2.5.1/ADT_A01").group("IN1").group("PV1")


def test_pairs_are_of_x12() -> None:
    with pytest.raises(PathProblem, match="X12"):
        structure("2.5.1/ADT_A01").pairs("PID-3")


# -- without a structure ----------------------------------------------------------------------------------------


def test_any_segments_in_any_order() -> None:
    made = Building("2.5.1/ANY").set(
        {"ZZZ-1": "x", "MSH-9": "ZZZ", "PID-3.1": "1", "NTE[2]-3": "b", "NTE-3": "a"}
    )
    for number in "12":
        inner = made.group("OBR", {"NTE-3": "n", "OBR-1": number})
        inner.group("OBX", {"OBX-1": "1"}).group("NTE", {"NTE-3": "o"})
    made.group("DG1")
    each = ["NTE|||n", "OBX|1", "NTE|||o"]
    assert made.lines() == [
        "ZZZ|x",
        "PID|||1",
        "NTE|||a",
        "NTE|||b",
        "OBR|1",
        *each,
        "OBR|2",
        *each,
    ]
    assert made.text().startswith(f"{HEADER}ZZZ|774K-6|P|2.5.1\r")


def test_without_a_structure_the_mapping_says_what_it_is() -> None:
    assert Building("2.5.1/ANY").set({"PID-1": "1"}).refused()[:2] == (
        "missing_field",
        "MSH-9.1",
    )


@pytest.mark.parametrize(
    ("group", "place", "problem"),
    [
        ("", "PIX-1", "there is no segment"),
        ("", "BHS-3", "stands once"),
        ("OBR", "MSH-3", "stands once"),
        ("OBR", "OBR[2]-3", "OBR stands once in OBR of ANY"),
    ],
)
def test_places_that_cannot_be_anywhere(group: str, place: str, problem: str) -> None:
    level = structure("2.5.1/ANY")
    with pytest.raises(PathProblem, match=problem):
        (level.group(group) if group else level).place(place, never)
    with pytest.raises(LookupError):
        level.group("MSH")


# -- whole segments ---------------------------------------------------------------------------------------------


def test_whole_segments_are_copied(hl7: Any) -> None:
    source = hl7.document(
        "MSH#:*!%#A#B#C#D#2026##QBP:Q22#77#T#2.5\rQPD#Q22#x:y|z#a*b\rNK1#1\rNK1#2\rZZZ#q\r"
    )
    scope = Scope(source, None)
    made = Building("2.5.1/RSP_K22").set({"MSA-1": "AA", "QAK-1": "1"})
    for name in ("MSH", "QPD", "ZZZ"):
        made.set({name: hl7.compiled(name).nodes(scope)})
    made.set({"PID": None, "MSH-9": "RSP"})
    assert made.text().startswith("MSH|^~\\&|A|B|C|D|2026||RSP^K22^RSP_K22|77|T|2.5\r")
    assert made.lines() == ["MSA|AA", "QAK|1", "QPD|Q22|x^y\\F\\z|a~b", "ZZZ|q"]
    made = Building("2.5.1/ADT_A01").set({**ADT, "NK1": hl7.compiled("NK1").nodes(scope)})
    assert made.lines() == ["EVN||20261121", "PID|||100", "NK1|1", "NK1|2", "PV1||I"]


def test_what_is_no_segment_is_not_copied_to_one() -> None:
    with pytest.raises(MessageError, match="PID takes a whole segment"):
        Building("2.5.1/ADT_A01").set({"PID": "text"})
