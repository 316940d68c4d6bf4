"""Messages built from their maps: order, levels, counts, envelopes, and what is refused."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from interchanges import CLAIM, READING, condition, facts, lines, match

from engine.errors import MessageError
from engine.formats import PathProblem, Scope, x12


class Build:
    """A message, or a loop of one, with the structure that fills it."""

    def __init__(self, name: str = "", structure: Any = None, group: Any = None) -> None:
        self.structure = structure or x12.structure(name)
        self.at = group or self.structure.new(facts())

    def put(self, **places: Any) -> Build:
        return self.set(places)

    def set(self, places: dict[str, Any]) -> Build:
        for text, value in places.items():
            self.structure.place(text, condition).set(self.at, Scope(None, None), value)
        return self

    def add(self, name: str, places: dict[str, Any] | None = None) -> Build:
        made = Build(structure=self.structure.group(name), group=self.at.group(name))
        return made.set(places or {})

    def lines(self) -> list[str]:
        return lines(self.at.render())


def order() -> Build:
    return Build("005010/850").put(BEG01="00", BEG02="SA", BEG03="PO1", BEG05="2026-01-05")


def line(build: Build, **more: Any) -> Build:
    return build.add("PO1", {"PO101": 1, "PO102": Decimal("10.50"), "PO103": "EA", **more})


def test_an_order_with_its_envelope() -> None:
    build = order().set({'DTM[.01 == "002"]02': "20260112", 'REF[.01 == "CO"]02': "C-77"})
    build.add("N1", {"N101": "ST", "N102": "Main Campus", "N401": "Dallas"})
    made = line(build, PO104="3.00")
    made.structure.pairs("PO106")(made.at, [("VN", "V-1"), ("UP", "0001")])
    made.add("PID", {"PID01": "F", "PID05": "Gloves"})
    assert build.lines() == [
        "ISA*00*          *00*          *ZZ*CORRIDOR       *ZZ*PARTNER        *260105*0930*^*00501*000000042*0*P*:",
        "GS*PO*CORRIDOR*PARTNER*20260105*0930*42*X*005010",
        "ST*850*0001",
        "BEG*00*SA*PO1**20260105",
        "REF*CO*C-77",
        "DTM*002*20260112",
        "N1*ST*Main Campus",
        "N4*Dallas",
        "PO1*1*10.5*EA*3**VN*V-1*UP*0001",
        "PID*F****Gloves",
        "CTT*1",
        "SE*10*0001",
        "GE*1*42",
        "IEA*1*000000042",
    ]


def test_the_envelope_is_what_the_mapping_says() -> None:
    build = order().set(
        {
            "ISA06": "ME", "ISA08": "YOU", "ISA13": "17", "ISA15": "T", "ISA16": ">", "GS02": "APP",
            "GS06": "9", "GS08": "005010VICS", "ST02": "4711",
        }
    )  # fmt: skip
    line(build)
    found = build.lines()
    assert found[0].startswith("ISA*00*          *00*          *ZZ*ME             *ZZ*YOU ")
    assert found[0].endswith("*000000017*0*T*>")
    assert found[1] == "GS*PO*APP*YOU*20260105*0930*9*X*005010VICS"
    assert found[2] == "ST*850*4711"
    assert found[-3:] == ["SE*5*4711", "GE*1*9", "IEA*1*000000017"]


def test_an_older_version_and_a_test_environment() -> None:
    structure = x12.structure("004010/850")
    build = Build(structure=structure, group=structure.new(facts(environment="test")))
    build.put(BEG01="00", BEG02="SA", BEG03="PO1", BEG05="20260105")
    line(build)
    assert build.lines()[0].endswith("*U*00401*000000042*0*T*:")


def test_a_segment_that_repeats_is_a_group_of_its_own() -> None:
    build = order()
    for number in ("C-1", "C-2"):
        build.add("REF", {"REF01": "CO", "REF02": number})
    build.set({'REF[.01 == "CO"]03': "THE FIRST"}).set({'REF[.01 == "DP"]02': "OR"})
    line(build)
    assert [one for one in build.lines() if one.startswith("REF")] == [
        "REF*CO*C-1*THE FIRST",
        "REF*CO*C-2",
        "REF*DP*OR",
    ]


def test_a_segment_as_a_group_has_no_other_segments_and_begins_no_loop() -> None:
    structure = x12.structure("005010/850")
    with pytest.raises(PathProblem, match="REF has no segment 'DTM'"):
        structure.group("REF").place("DTM02", condition)
    with pytest.raises(LookupError, match="no loop 'N1'"):
        structure.group("N1").group("N1")
    build = order()
    for _ in range(2):
        build.add("CUR", {"CUR01": "BY", "CUR02": "USD"})
    with pytest.raises(MessageError, match="at most 1 of it"):
        build.at.render()


def test_levels_are_numbered_and_know_their_parents() -> None:
    build = Build("005010/856").put(BSN01="00", BSN02="S1", BSN03="20260106", BSN04="1200")
    shipment = build.add("HL:S", {"TD1[1]02": 3})
    for number in ("PO1", "PO2"):
        level = shipment.add("HL:O", {"PRF01": number})
        level.add("HL:P", {"MAN01": "GM", "MAN02": "7"}).add(
            "HL:I", {"SN102": 5, "SN103": "EA"}
        )
    found = [one for one in build.lines() if one.startswith(("HL", "CTT"))]
    assert found == [
        "HL*1**S*1", "HL*2*1*O*1", "HL*3*2*P*1", "HL*4*3*I*0", "HL*5*1*O*1", "HL*6*5*P*1",
        "HL*7*6*I*0", "CTT*7",
    ]  # fmt: skip


def claim(name: str = "005010/837P") -> tuple[Build, Build]:
    build = Build(name).set(
        {
            "BHT01": "0019", "BHT02": "00", "1000A/NM102": "2", "1000A/PER01": "IC",
            "1000B/NM102": "2",
        }
    )  # fmt: skip
    provider = build.add("2000A")
    place = {"2010AA/NM102": "2", "2010AA/N301": "1 HILL", "2010AA/N401": "DALLAS"}
    provider.set(place).set({'2010AA/REF[.01 == "EI"]02': "99"})
    subscriber = provider.add("2000B", {"SBR01": "P", "2010BA/NM102": "1", "2010BB/NM102": "2"})
    return build, subscriber


def service(build: Build, date: str) -> Build:
    found = {"SV101-1": "HC", "SV101-2": "99213", "SV102": "60.00"}
    day = {'DTP[.01 == "472"]02': "D8", 'DTP[.01 == "472"]03': date}
    return build.add("2400", {**found, **day})


def test_a_claim_counts_its_lines_and_fills_in_its_codes() -> None:
    build, subscriber = claim()
    made = subscriber.add("2300", {"CLM01": "C-1", "CLM02": "120.00", "CLM05-1": "11"})
    made.set({"CLM05-2": "B", "CLM05-3": "1", "HI01-1": "ABK", "HI01-2": "J459"})
    made.set({"HI02-1": "ABF", "HI02-2": "E119", 'REF[.01 == "G1"]02': "A1"})
    service(made, "20260102")
    service(made, "20260103")
    found = build.lines()
    assert found[1].endswith("*X*005010X222A1")
    assert found[2] == "ST*837*0001*005010X222A1"
    assert found[found.index("HL*2*1*22*0") :][:10] == [
        "HL*2*1*22*0", "SBR*P", "NM1*IL*1", "NM1*PR*2", "CLM*C-1*120***11:B:1", "REF*G1*A1",
        "HI*ABK:J459*ABF:E119", "LX*1", "SV1*HC:99213*60", "DTP*472*D8*20260102",
    ]  # fmt: skip
    assert found[-7:-3] == [
        "DTP*472*D8*20260102",
        "LX*2",
        "SV1*HC:99213*60",
        "DTP*472*D8*20260103",
    ]
    assert not list(x12.check(build.at.document()))


@pytest.mark.parametrize(
    ("change", "code", "path"),
    [
        ({}, "missing_segment", "2300/CLM"),
        ({"CLM01": "C1"}, "missing_segment", "2300/HI"),
        ({"CLM01": "C1", "HI01-1": "ABK", "HI01-2": "J4"}, "missing_loop", "2300/2400"),
    ],
)
def test_what_is_missing_is_named_with_its_loop(
    change: dict[str, str], code: str, path: str
) -> None:
    build, subscriber = claim()
    subscriber.add("2300", change)
    with pytest.raises(MessageError) as caught:
        build.at.render()
    assert (caught.value.code, caught.value.path) == (code, path)


def test_a_missing_element_is_named() -> None:
    build = Build("005010/850").put(BEG01="00", BEG02="SA", BEG05="20260105")
    line(build)
    with pytest.raises(MessageError) as caught:
        build.at.render()
    assert (caught.value.code, caught.value.path) == ("missing_element", "BEG03")


@pytest.mark.parametrize("value", ["A*B", "A:B", "A^B", "A~B", "A\nB"])
def test_a_delimiter_in_a_value_is_refused_and_never_told(value: str) -> None:
    build = order()
    line(build).add("PID", {"PID01": "F", "PID05": value})
    with pytest.raises(MessageError) as caught:
        build.at.render()
    assert (caught.value.code, caught.value.path) == ("delimiter_in_value", "PO1/PID/PID05"[4:])
    assert value not in str(caught.value)


def test_too_long_and_too_many_are_refused() -> None:
    build = order().put(BEG04="R" * 31)
    line(build)
    with pytest.raises(MessageError, match="BEG04"):
        build.at.render()
    build = order()
    made = line(build)
    made.structure.pairs("PO106")(made.at, [("VN", "1")] * 10)
    with pytest.raises(MessageError, match="no room"):
        made.structure.pairs("PO106")(made.at, [("UP", "1")])


@pytest.mark.parametrize(
    ("set_", "place", "value", "written"),
    [
        ("850", "BEG05", "2026-01-05T10:00Z", "20260105"),
        ("850", "BEG05", "20260105", "20260105"),
        ("810", "TDS01", "411.92", "41192"),
        ("810", "TDS01", Decimal(5), "500"),
        ("850", "CTT02", "1.500", "1.5"),
        ("850", "CTT02", Decimal("1E+2"), "100"),
    ],
)
def test_values_are_written_as_their_element_takes_them(
    set_: str, place: str, value: Any, written: str
) -> None:
    build = Build(f"005010/{set_}").set({place: value})
    found = [
        one.text(int(place[-2:]))
        for group in (build.at, *build.at.groups)
        for one in group.lines
    ]
    assert written in found


@pytest.mark.parametrize(("place", "value"), [("BEG05", "tomorrow"), ("CTT02", "many")])
def test_what_an_element_does_not_take_is_refused(place: str, value: str) -> None:
    with pytest.raises(MessageError) as caught:
        order().set({place: value})
    assert caught.value.path.endswith(place)
    assert value not in str(caught.value)


def test_nothing_writes_nothing() -> None:
    build = order().put(BEG04=None, BEG06="")
    line(build)
    assert "BEG*00*SA*PO1**20260105" in build.lines()


def test_elements_of_another_interchange_are_copied_with_their_components() -> None:
    scope = Scope(x12.parse(CLAIM.replace(b":", b">"), READING), None)
    build, subscriber = claim()
    made = subscriber.add("2300", {"CLM01": "C", "CLM05": match("CLM05").nodes(scope)})
    made.set({"HI01": match("HI01").nodes(scope)})
    service(made, "20260102")
    found = build.lines()
    assert "CLM*C****11:B:1" in found
    assert "HI*ABK:J459" in found


@pytest.mark.parametrize(
    ("place", "write"),
    [
        ("HL01", ""),
        ("CLM21", "CLM20"),
        ("XYZ01", ""),
        ("REF02", 'REF[.01 == "4N"]02'),
        ('REF[.01 == "QQ"]02', 'REF[.01 == "4N"]02'),
        ("NM103", "groups: {2310A: {set: {NM103: ...}}}"),
        ("2310Z/NM101", ""),
        ("ISA06", ""),
        ("CLM", "BEG03"),
    ],
)
def test_a_place_that_is_none_is_said_at_load(place: str, write: str) -> None:
    structure = x12.structure("005010X222A1/837P").group("2000A").group("2000B").group("2300")
    with pytest.raises(PathProblem) as caught:
        structure.place(place, condition)
    assert caught.value.write == write


def test_sets_and_loops_that_there_are_not_say_what_there_is() -> None:
    for name in ("005010/999999", "003010/850", "850"):
        with pytest.raises(LookupError, match="850"):
            x12.structure(name)
    with pytest.raises(LookupError, match="2000B"):
        x12.structure("005010/837P").group("2000A").group("2300")


@pytest.mark.parametrize("first", ["PO105", "BEG03", "PO1"])
def test_pairs_begin_at_a_qualifier(first: str) -> None:
    with pytest.raises(PathProblem):
        x12.structure("005010/850").group("PO1").pairs(first)
