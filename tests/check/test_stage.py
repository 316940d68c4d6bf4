"""Tests of channels that need time, memory, groups, numbers, tables or answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from engine import check
from engine.channel import Home, load_all

SOURCE = "source:\n  mllp: {port: 2575}\nformat: hl7v2\n"
COLLECT = (
    SOURCE
    + """
transform: charge
collect:
  key: patient_account.number
  replace_by: source_id
  release: {when: ZEN-1 == "LAST", quiet: 72h, latest: 30d}
  late: quarantine
  then: bill
destinations:
  billing:
    file: {folder: out, name: "{key}.json"}
tests:
"""
)
BATCH = (
    SOURCE
    + """
zone: America/Chicago
transform: charge
destinations:
  nightly:
    render: line
    file: {folder: out, name: "nightly_{number}.txt"}
    batch: {close: {at: "23:30", most: 3}, head: 'H|{number}|{closed_at | format("%d %H:%M")}', foot: "T|{count}|{sum(members[*], .quantity)}"}
tests:
"""
)
MEMORY = (
    SOURCE
    + """
remember:
  visit: {key: PID-18.1, fields: {ward: PV1-3.1}, for: 30d, when: exists(PV1-3.1)}
  place: {key: [PID-18.1, PV1-2], fields: {beds: PV1-3.2}, for: 30d, when: exists(PV1-3.2)}
transform: ward
destinations:
  wards:
    file: {folder: out, name: "a.json"}
tests:
"""
)
ANSWER = """
source:
  mllp: {port: 2575}
  answer: {from: payer, within: 5s, otherwise: AE}
format: hl7v2
destinations:
  payer:
    mllp: {host: 10.0.0.5, port: 2576, tls: {}}
    reply:
      accepted: MSA-1 == "AA"
      retry: MSA-1 == "AE"
      to: answers
  behind:
    after: payer
    file: {folder: out, name: a.txt}
tests:
"""
ANSWERS = """
source:
  channel: {}
format: hl7v2
destinations:
  ward:
    when: MSA-1 == "AA"
    file: {folder: out, name: b.txt}
"""
EXPECTS = (
    SOURCE
    + """
destinations:
  supplier:
    file: {folder: out, name: a.txt}
    order_by: none
    expect: {from: confirmations, where: order, is: PID-18.1, within: 4h}
tests:
"""
)
CONFIRMATIONS = (
    SOURCE.replace("2575", "2577")
    + "keys:\n  order: PID-18.1\ndestinations:\n  kept:\n    file: {folder: out, name: c.txt}\n"
)
MAPPINGS = {
    "charge": """
from: hl7v2
to: ChargeEvent
fields:
  source_id: FT1-1
  status: "charge"
  occurred_at: FT1-4 | datetime
  patient_account.number: PID-18.1
  item.code: FT1-7.1
  quantity: FT1-10 | decimal
""",
    "bill": """
from: [ChargeEvent]
to: json
fields:
  account: key
  lines: count
  quantity: sum(members[*], .quantity)
""",
    "numbered": """
from: [ChargeEvent]
to: json
fields:
  number: members[0].item.code | decimal
""",
    "line": """
from: ChargeEvent
to: delimited/line
fields:
  account: patient_account.number
  quantity: quantity
""",
    "ward": """
from: hl7v2
to: json
fields:
  ward: recall("visit", PID-18.1).ward
  beds: recall("place", PID-18.1, PV1-2).beds
  number: sequence("ward_file", by=PID-18.1, width=3)
  name: lookup("items", "name", code=FT1-7.1, at=FT1-4) ?? "unknown"
  day: now() | format("%Y%m%d%H%M")
""",
}
ITEMS = "owner: supply\nkeys: [code]\ncolumns: [name]\neffective: {from: first, to: last}\n"
ROWS = "code,name,first,last\nIMP1,Old,,2026-02-28\nIMP1,New,2026-03-01,\n"


def usage(
    control: str, account: str, charge: str, quantity: int, last: str = "", ward: str = ""
) -> str:
    return (
        f"MSH|^~\\&|POU|OR|CORRIDOR|HOSP|20260315101500||DFT^P03|{control}|P|2.5.1\r"
        f"PID|1||77^^^HOSP^MR||SAMPLE^TEST|||||||||||||{account}\r"
        f"PV1|1|I|{ward}\r"
        f"FT1|{charge}|||20260315||CG|IMP1|||{quantity}\r{last}"
    )


def answer(code: str, control: str = "X1") -> str:
    return f"MSH|^~\\&|PAYER|P|OR|HOSP|20260315101500||ACK|{control}|P|2.5.1\rMSA|{code}|C1\r"


SAMPLES = {
    "c1": usage("C1", "A1", "1", 2),
    "c2": usage("C2", "A2", "1", 9),
    "c3": usage("C3", "A1", "2", 3),
    "c4": usage("C4", "A1", "1", 5),
    "last": usage("C5", "A1", "3", 1, "ZEN|LAST\r"),
    "icu": usage("W1", "A1", "1", 1, ward="ICU^7"),
    "good": answer("AA"),
    "again": answer("AE"),
    "refused": answer("AR"),
}

Write = Callable[..., list[str]]


@pytest.fixture
def said(tmp_path: Path) -> Write:
    """Writes a home whose channel `feed` has the tests, and gives what differs in all of them."""
    files = {f"mappings/{name}.yaml": text for name, text in MAPPINGS.items()}
    files |= {f"samples/{name}.hl7": text for name, text in SAMPLES.items()}
    files["mappings/layouts/line.yaml"] = 'columns: [account, quantity]\nseparator: "|"\n'
    files["mappings/tables/items.yaml"] = ITEMS
    files["samples/items.csv"] = ROWS

    def write(channel: str, tests: str, **others: str) -> list[str]:
        there = files | {f"channels/{name}.yaml": text for name, text in others.items()}
        if "visit" not in channel:
            there.pop("mappings/ward.yaml")
        for name, text in {**there, "channels/feed.yaml": channel + tests}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, newline="")
        home: Home = load_all(tmp_path)
        results = check.run(home.channels["feed"], home)
        return [each.says for result in results for each in result.differences]

    return write


def test_members_wait_and_one_bill_goes_out(said: Write) -> None:
    tests = """
  - name: complete
    given: [samples/c1.hl7, samples/c2.hl7, samples/c3.hl7, samples/c4.hl7, samples/last.hl7]
    expect:
      verdict: [collected, collected, collected, collected, collected]
      waiting: 1
      deliveries: 1
      billing: {account: A1, lines: 3, quantity: 9}
  - name: quiet for three days
    given: [samples/c1.hl7, {wait: 71h}, samples/c3.hl7, {wait: 71h}]
    expect: {waiting: 1, billing: nothing}
  - name: quiet for three days and a little
    given: [samples/c1.hl7, {wait: 71h}, samples/c2.hl7, {wait: 72h}]
    expect:
      waiting: 0
      billing:
        - {account: A1}
        - {account: A2}
"""
    assert said(COLLECT, tests) == []


def test_a_late_member_and_a_duplicate_are_judged(said: Write) -> None:
    tests = """
  - given: [samples/last.hl7, samples/last.hl7, samples/c1.hl7]
    expect:
      verdict: [collected, duplicate, quarantined]
      reason: late_for_group
      acknowledgement: AE
"""
    assert said(COLLECT, tests) == []


def test_a_group_that_cannot_be_sent_says_why(said: Write) -> None:
    tests = """
  - given: [samples/c1.hl7, {wait: 73h}]
    expect: {verdict: collected, billing: {account: A1}}
"""
    why, missing = said(COLLECT.replace("then: bill", "then: numbered"), tests)
    assert why.startswith("the group was quarantined when it was released: bad_value: ")
    assert "mapping numbered, number" in why
    assert missing == "billing: got nothing, expected one payload"


def test_what_became_of_released_groups_may_be_expected(said: Write) -> None:
    tests = """
  - given: [samples/c1.hl7, samples/c2.hl7, {wait: 73h}]
    expect: {released: [accepted, accepted], deliveries: 2}
  - given: [samples/c1.hl7, {wait: 73h}]
    expect: {released: quarantined}
  - given: [samples/c1.hl7]
    expect: {released: accepted}
"""
    assert said(COLLECT, tests) == [
        "released is accepted, expected quarantined",
        "released: 0 groups were released, 1 are expected",
    ]


def test_a_difference_says_which_message(said: Write) -> None:
    tests = """
  - given: [samples/c1.hl7, samples/c2.hl7]
    expect: {verdict: [collected, accepted], waiting: 1, billing: {lines: 1}}
  - given: [samples/c1.hl7, samples/c2.hl7]
    expect: {verdict: [collected]}
"""
    assert said(COLLECT, tests) == [
        "verdict 2 is collected, expected accepted",
        "waiting are 2, expected 1",
        "billing: got nothing, expected one payload",
        "verdict: 2 messages were given, 1 are expected",
    ]


def test_batches_close_by_clock_and_by_count_and_are_numbered(said: Write) -> None:
    tests = """
  - name: full, then at half past eleven in Chicago
    given: [samples/c1.hl7, samples/c2.hl7, samples/c3.hl7, samples/c4.hl7, {wait: 24h}]
    now: 2026-03-15T22:00:00
    numbers: {nightly: 41}
    expect:
      verdict: accepted
      waiting: 0
      nightly:
        - |
          H|42|15 22:00
          A1|2
          A2|9
          A1|3
          T|3|14
        - |
          H|43|15 23:30
          A1|5
          T|1|5
  - name: before the clock shows it
    given: [samples/c1.hl7, {wait: 89m}]
    now: 2026-03-15T22:00:00
    expect: {nightly: nothing, waiting: 1}
"""
    assert said(BATCH, tests) == []


def test_memory_numbers_and_tables_as_given(said: Write) -> None:
    tests = """
  - name: known before
    given: samples/c1.hl7
    memory: {visit: {A1: {ward: ICU}}, place: {"A1, I": {beds: 7}}}
    numbers: {ward_file: 17}
    tables: {items: samples/items.csv}
    now: 2026-03-15T10:00:00
    expect:
      wards: {ward: ICU, beds: 7, number: "018", name: New, day: "202603151000"}
  - name: learnt on the way, and forgotten after a month
    given: [samples/icu.hl7, {wait: 1h}, samples/c3.hl7, {wait: 31d}, samples/c1.hl7]
    tables: {items: samples/items.csv}
    expect:
      wards:
        - {ward: nothing, number: "001", name: New}
        - {ward: ICU, number: "002", day: "202601011300"}
        - {ward: nothing, number: "003"}
"""
    assert said(MEMORY, tests) == []


def test_a_table_that_cannot_be_taken_fails_the_test(said: Write, tmp_path: Path) -> None:
    (tmp_path / "samples").mkdir()
    (tmp_path / "samples/bad.csv").write_text("code,nme\nA,B\n")
    tests = "  - {given: samples/c1.hl7, tables: {items: samples/bad.csv}, expect: {verdict: accepted}}\n"
    (problem,) = said(MEMORY, tests)
    assert "name" in problem


def test_what_partners_answer_is_judged_told_and_handed_on(said: Write) -> None:
    tests = """
  - name: good
    given: samples/c1.hl7
    replies: {payer: samples/good.hl7}
    expect:
      verdict: accepted
      acknowledgement: AA
      reply: samples/good.hl7
      payer: samples/c1.hl7
      behind: samples/c1.hl7
      answers.ward: samples/good.hl7
  - name: refused, so that what goes after it stays
    given: samples/c1.hl7
    replies: {payer: samples/refused.hl7}
    expect: {reply: AR, behind: nothing, answers.ward: nothing, deliveries: 1}
  - name: again, and then good
    given: [samples/c1.hl7, {wait: 1h}]
    replies: {payer: [samples/again.hl7, samples/good.hl7]}
    expect: {reply: AE, payer: samples/c1.hl7, behind: samples/c1.hl7, answers.ward: {MSH-10: X1}}
  - name: no answer
    given: samples/c1.hl7
    expect: {reply: {MSA-1: AE, MSA-2: C1}, behind: samples/c1.hl7}
"""
    assert said(ANSWER, tests, answers=ANSWERS) == []


def test_a_destination_of_another_channel_must_be_there(said: Write) -> None:
    tests = (
        "  - {given: samples/c1.hl7, expect: {answers.wrd: nothing, answer.ward: nothing}}\n"
    )
    assert said(ANSWER, tests, answers=ANSWERS) == [
        "answers.wrd: there is no destination of it 'wrd'",
        "answer.ward: there is no channel 'answer'",
    ]


def test_confirmations_come_on_another_channel_or_do_not(said: Write) -> None:
    tests = """
  - given: [samples/c1.hl7, {wait: 3h}, {sample: samples/c4.hl7, channel: confirmations}, {wait: 2h}]
    expect: {unconfirmed: 0, confirmations.kept: samples/c4.hl7}
  - given: [samples/c1.hl7, {wait: 5h}, {sample: samples/c4.hl7, channel: confirmations}]
    expect: {unconfirmed: 1}
"""
    assert said(EXPECTS, tests, confirmations=CONFIRMATIONS) == []


def test_a_message_for_a_channel_that_is_not_there(said: Write) -> None:
    tests = "  - {given: {sample: samples/c1.hl7, channel: confirmation}, expect: {verdict: accepted}}\n"
    assert said(EXPECTS, tests, confirmations=CONFIRMATIONS) == [
        "there is no channel 'confirmation' to give a message to"
    ]


async def test_it_works_where_an_event_loop_runs(said: Write) -> None:
    tests = "  - {given: [samples/c1.hl7, {wait: 72h}], expect: {waiting: 0, billing: {lines: 1}}}\n"
    assert said(COLLECT, tests) == []


def test_fields_of_lines_are_read_by_their_layout(said: Write) -> None:
    plain = BATCH.replace("    batch:", "    #").replace("{number}", "x")
    tests = "  - {given: samples/c1.hl7, expect: {nightly: {account: A1, quantity: 2}}}\n"
    assert said(plain, tests) == []
    wrong = tests.replace("quantity: 2", "quantity: 3")
    assert said(plain, wrong) == ['nightly: quantity is "2", expected "3"']
