"""`repeated(CAS02, 3)`: what a segment says several times over, read one by one."""

from __future__ import annotations

from typing import Any

import pytest
from interchanges import READING, condition, interchange, match, walk

from engine.formats import PathProblem, Scope, Shape, x12

PAYMENT = interchange(
    "ST*835*0001",
    "BPR*I*145*C*ACH*CCP*01*111*DA*33*1234567890**01*222*DA*44*20260105",
    "TRN*1*T1*1234567890",
    "N1*PR*PAYER",
    "N1*PE*HOSPITAL*XX*1999999984",
    "LX*1",
    "CLP*C-1*1*200*100**12*P1*11",
    "CAS*PR*1*10**2*15",
    "CAS*CO*45*75*2",
    "NM1*QC*1*DOE*ANN",
    "SVC*HC:99213*200*100",
    "CAS*OA*23*5",
    "CLP*C-2*1*80*50**12*P2*11",
    "NM1*QC*1*ROE*TIM",
    "PLB*1999999984*20261231*WO:X*-5*L6:Y*2**",
    "PLB*1888888883*20261231*FB:Z*8",
    group="HP",
    version="005010X221A1",
)


def test_each_is_read_like_the_first_with_what_stands_before_it() -> None:
    found = walk(PAYMENT, "repeated(PLB03, 2)", "PLB01", "PLB03-1", ".03-2", "PLB04", "TRN02")
    assert found == [
        ["1999999984", "WO", "X", "-5", "T1"],
        ["1999999984", "L6", "Y", "2", "T1"],
        ["1888888883", "FB", "Z", "8", "T1"],
    ]


def test_of_a_loop_those_of_that_loop_and_no_others() -> None:
    document = x12.parse(PAYMENT, READING)
    outer = match("2100")
    first, second = outer.nodes(Scope(document, None))
    inner = match("repeated(CAS02, 3)", outer.shape)
    amounts = match("CAS03", inner.shape)
    groups = match("CAS01", inner.shape)
    number = match("CLP01", inner.shape)

    def read(loop: Any) -> list[tuple[Any, ...]]:
        pieces = inner.nodes(Scope(loop, None, loop))
        scopes = [Scope(piece, None, piece) for piece in pieces]
        return [(groups.read(one), amounts.read(one), number.read(one)) for one in scopes]

    assert read(first) == [("PR", "10", "C-1"), ("PR", "15", "C-1"), ("CO", "75", "C-1")]
    assert read(second) == []


def test_one_segment_where_the_path_says_which() -> None:
    assert walk(PAYMENT, "repeated(PLB[2]03, 2)", "PLB04") == [["8"]]
    assert walk(PAYMENT, 'repeated(PLB[.01 == "1888888883"]03, 2)', "PLB04") == [["8"]]


@pytest.mark.parametrize(
    ("text", "says", "write"),
    [
        ("repeated(CAS, 3)", "'repeated' begins at an element", "each: repeated(CAS02, 3)"),
        ("repeated(CAS02)", "how many elements belong together", "each: repeated(CAS02, 3)"),
        ("repeated(CAS02, 0)", "how many elements belong together", "each: repeated(CAS02, 3)"),
        (
            "repeated(CAS02, 2)",
            "CAS does not repeat 2 elements from CAS02 on; it repeats 3",
            "repeated(CAS02, 3)",
        ),
        (
            "repeated(PLB03, 3)",
            "PLB does not repeat 3 elements from PLB03 on; it repeats 2",
            "repeated(PLB03, 2)",
        ),
        ("repeated(BPR02, 2)", "BPR does not repeat 2 elements", ""),
    ],
)
def test_a_wrong_call_is_told_at_load(text: str, says: str, write: str) -> None:
    with pytest.raises(PathProblem) as caught:
        x12.paths.match(text, 0, Shape(format="x12"), condition)
    assert says in caught.value.problem
    assert caught.value.write == write
