"""The tests of a channel: what may be expected, and how a difference reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import check
from engine.channel import Home, load_all
from engine.errors import ConfigError

CHANNEL = """
source:
  mllp: {port: 2575}
format: hl7v2
accept:
  - when: MSH-9.1 == "DFT"
    because: only DFT
keys:
  mrn: PID-3(*).1
transform: charge
destinations:
  billing:
    render: charge_to_json
    http: {url: "https://billing.example.org/charges"}
  downstream:
    when: FT1-7.1 == "never"
    render: charge_to_json
    file: {folder: out, name: a.txt}
  handed:
    render: charge_to_json
    channel: {name: other}
tests:
"""
OTHER = "source:\n  mllp: {port: 2576}\nformat: json\n"
CHARGE = """
from: hl7v2
to: ChargeEvent
each: FT1
fields:
  source_id: "{MSH-10}-{FT1-1}"
  patient_account.number: PID-18.1
  status: "charge"
  occurred_at: FT1-4 | datetime
  item.code: FT1-7.1
  quantity: FT1-10 | decimal
"""
CHARGE_TO_JSON = "from: ChargeEvent\nto: json\nfields:\n  code: item.code\n  count: quantity\n"
SAMPLE = (
    "MSH|^~\\&|OR|NORTH|CORRIDOR|NORTH|20260105101500||DFT^P03|77|P|2.5.1\r"
    "PID|1||1000123^^^NORTH^MR~A7||DOE^JANE|||||||||||||ACC1\r"
    "FT1|1|||20260105||CG|SCREW|||2\r"
    "FT1|2|||20260105||CG|PLATE|||1\r"
)


@pytest.fixture
def home(tmp_path: Path):
    for folder in ("channels", "mappings", "samples"):
        (tmp_path / folder).mkdir()
    (tmp_path / "channels/other.yaml").write_text(OTHER)
    (tmp_path / "mappings/charge.yaml").write_text(CHARGE)
    (tmp_path / "mappings/charge_to_json.yaml").write_text(CHARGE_TO_JSON)
    (tmp_path / "samples/dft.hl7").write_text(SAMPLE)
    (tmp_path / "samples/adt.hl7").write_text(SAMPLE.replace("DFT^P03", "ADT^A01"))
    (tmp_path / "samples/bad.hl7").write_text(SAMPLE.replace("|||2\r", "|||two\r"))
    (tmp_path / "samples/first.json").write_text('{"code": "SCREW", "count": 2}')
    (tmp_path / "samples/second.json").write_text('{"code": "PLATE", "count": 1}')

    def write(tests: str, channel: str = CHANNEL) -> Home:
        (tmp_path / "channels/feed.yaml").write_text(channel + tests)
        return load_all(tmp_path)

    return write


def differences(home: Home) -> list[str]:
    (result,) = check.run(home.channels["feed"], home)
    return [each.says for each in result.differences]


def one(expect: str, sample: str = "samples/dft.hl7", more: str = "") -> str:
    return f"  - name: a test\n    given: {sample}\n{more}    expect: {expect}\n"


@pytest.mark.parametrize(
    "expect",
    [
        "{verdict: accepted}",
        "{verdict: accepted, deliveries: 4}",
        "{acknowledgement: AA}",
        "{keys: {mrn: [1000123, A7]}}",
        "{keys: {account: nothing}}",
        "{billing: [samples/first.json, samples/second.json]}",
        "{billing: [{code: SCREW}, {count: 1}]}",
        "{downstream: nothing}",
        "{handed: [samples/first.json, {code: PLATE}]}",
    ],
)
def test_what_may_be_expected(home, expect):
    assert differences(home(one(expect))) == []


@pytest.mark.parametrize(
    "expect, says",
    [
        ("{verdict: filtered}", ["verdict is accepted, expected filtered"]),
        ("{reason: because}", ["reason is '', expected 'because'"]),
        ("{deliveries: 1}", ["deliveries are 4, expected 1"]),
        ("{acknowledgement: AE}", ["acknowledgement is AA, expected AE"]),
        ("{keys: {mrn: 1000123}}", ['keys: mrn is "1000123", "A7", expected "1000123"']),
        ("{keys: {account: X}}", ['keys: account is nothing, expected "X"']),
        ("{billing: samples/first.json}", ["billing: got 2 payloads, expected one payload"]),
        ("{billing: nothing}", ["billing: got 2 payloads, expected nothing"]),
        ("{downstream: samples/first.json}", ["downstream: got nothing, expected one payload"]),
        (
            "{billing: [samples/first.json, samples/first.json]}",
            [
                'billing: payload 2: code is "PLATE", expected "SCREW"',
                "billing: payload 2: count is 1, expected 2",
            ],
        ),
        (
            "{billing: [{}, {code: NAIL}]}",
            ['billing: payload 2: code is "PLATE", expected "NAIL"'],
        ),
    ],
)
def test_a_difference_names_the_field(home, expect, says):
    assert differences(home(one(expect))) == says


def test_a_difference_names_the_line_of_the_expectation(home):
    tests = "  - name: a\n    given: samples/dft.hl7\n    expect:\n      billing:\n        - {}\n        - code: NAIL\n"
    (result,) = check.run((loaded := home(tests)).channels["feed"], loaded)
    assert not result.passed
    line = (CHANNEL + tests).split("\n").index("        - code: NAIL") + 1
    assert (result.channel, result.name, result.file) == ("feed", "a", "channels/feed.yaml")
    assert result.text() == (
        f'channels/feed.yaml:{line}: billing: payload 2: code is "PLATE", expected "NAIL"'
    )


def test_filtered_and_quarantined_say_why(home):
    assert (
        differences(home(one("{verdict: filtered, reason: only DFT}", "samples/adt.hl7"))) == []
    )
    (said,) = differences(home(one("{verdict: accepted}", "samples/adt.hl7")))
    assert said == "verdict is filtered (only DFT), expected accepted"
    (said,) = differences(home(one("{verdict: accepted}", "samples/bad.hl7")))
    assert said.startswith("verdict is quarantined (") and "quantity" in said
    why, got = differences(home(one("{billing: [{}, {}]}", "samples/bad.hl7")))
    assert why.startswith("the message was quarantined: ")
    assert got == "billing: got nothing, expected 2 payloads"
    assert differences(home(one("{acknowledgement: AE}", "samples/bad.hl7"))) == []


def test_a_message_may_stand_in_the_test_itself(home):
    block = "|\n" + "".join(f"      {line}\n" for line in SAMPLE.split("\r")[:-1])
    assert differences(home(one("{verdict: accepted, deliveries: 4}", block))) == []


def test_an_expected_payload_may_stand_in_the_test_itself(home):
    tests = """  - given: samples/dft.hl7
    expect:
      billing:
        - |
          {"code": "SCREW", "count": 2}
        - |
          {"code": "PLATE",
           "count": 1}
"""
    assert differences(home(tests)) == []


def test_the_environment_of_a_test(home):
    sample = "samples/test.hl7"
    loaded = home(one("{verdict: accepted}"))
    (loaded.folder / sample).write_text(SAMPLE.replace("|P|", "|T|"))
    refused = "{verdict: quarantined, reason: wrong_processing_id}"
    assert differences(home(one(refused, sample))) == []
    taken = one("{verdict: accepted}", sample, "    environment: test\n")
    assert differences(home(taken)) == []


def test_the_moment_peer_and_file_name_are_those_of_the_test(home):
    channel = CHANNEL.replace(
        "  mrn: PID-3(*).1", "  at: now()\n  peer: meta.peer\n  file: meta.file_name"
    )
    tests = """  - given: {sample: samples/dft.hl7, peer: 10.2.0.7, file_name: a.hl7}
    now: 2026-01-05T10:15:00Z
    expect:
      keys: {at: "2026-01-05T10:15:00.000Z", peer: 10.2.0.7, file: a.hl7}
"""
    found = differences(home(tests, channel))
    assert found == []


def test_fields_of_hl7_payloads_by_their_paths(home):
    channel = """
source:
  mllp: {port: 2575}
format: hl7v2
destinations:
  next:
    mllp: {host: 10.0.0.5, port: 2575, tls: {}}
tests:
"""
    good = '{next: {MSH-10: "77", PID-5.2: JANE, PID-8: nothing, "FT1[2]-7.1": PLATE}}'
    assert differences(home(one(good), channel)) == []
    wrong = differences(home(one('{next: {PID-5.2: JOHN, XXXX-1: "1"}}'), channel))
    assert wrong[0] == 'next: PID-5.2 is "JANE", expected "JOHN"'
    assert wrong[1].startswith("next: XXXX-1 cannot be read")


def test_a_batch_is_expected_like_its_messages(home):
    batch = (
        "FHS|^~\\&\rBHS|^~\\&\r" + SAMPLE + SAMPLE.replace("|77|", "|78|") + "BTS|2\rFTS|1\r"
    )
    tests = one("{verdict: split, deliveries: 8, downstream: nothing}", "samples/dft.hl7")
    loaded = home(tests)
    (loaded.folder / "samples/dft.hl7").write_text(batch)
    assert differences(loaded) == []


def test_a_sample_that_went_away_fails_the_test(home):
    loaded = home(one("{verdict: accepted}"))
    (loaded.folder / "samples/dft.hl7").unlink()
    (said,) = differences(loaded)
    assert said.startswith("there is no file 'samples/dft.hl7'")


def test_for_pytest_every_test_is_an_example(home):
    loaded = home(one("{verdict: accepted}") + one("{verdict: filtered}"))
    good, bad = check.examples(loaded.folder)
    good.check()
    with pytest.raises(AssertionError, match="verdict is accepted, expected filtered"):
        bad.check()
    assert str(good).startswith("feed:")
    assert [result.passed for result in check.run_all(loaded)] == [True, False]


@pytest.mark.parametrize(
    "tests, says",
    [
        ("  - a\n", "a test has 'name', 'given' and 'expect'"),
        ("  name: a\n", "tests stand here as a list"),
        (one("{verdict: accepted}", "[a, b]"), "there is no file 'b' in the home"),
        (one("{verdict: accepted}", "[{wait: 1h}]"), "no message is given, only time passes"),
        (one("{verdict: accepted}", "[{wait: soon}]"), "'soon' is not a length of time"),
        (one("{verdict: accepted}", "[{wait: 1h, peer: a}]"), "a wait stands alone"),
        (one("{verdict: accepted}", "{peer: a}"), "'sample' is missing"),
        (one("{}"), "'expect' is missing"),
        (one("{deliveries: many}"), "'many' is not a whole number"),
        (one("{acknowledgement: nowhere.hl7}"), "there is no file 'nowhere.hl7'"),
        (one("{billing: [[a]]}"), "one payload stands here"),
        (one("{keys: mrn}"), "names of keys and their values"),
        (one("{verdict: accepted}", more="    now: soon\n"), "'soon' is not a moment"),
        (
            one("{verdict: accepted}", more="    tables: {a: b}\n"),
            "there is no lookup table 'a'",
        ),
        (one("{verdict: accepted}", more="    memory: {a: {}}\n"), "no channel remembers 'a'"),
        (one("{verdict: accepted}", more="    numbers: {a: b}\n"), "'b' is not a whole number"),
        (
            one("{verdict: accepted}", more="    replies: {biling: a}\n"),
            "did you mean 'billing'",
        ),
        (one("{waiting: some}"), "'some' is not a whole number"),
    ],
)
def test_what_is_wrong_with_a_test_is_found_when_it_is_loaded(home, tests, says):
    with pytest.raises(ConfigError, match=says):
        home(tests)


def test_parts_that_were_quarantined_say_why(tmp_path: Path):
    for folder in ("channels", "mappings", "samples"):
        (tmp_path / folder).mkdir()
    (tmp_path / "samples/a.json").write_text('{"lines": [{"n": "1"}, {"n": "x"}]}')
    mapping = "from: json\nto: json\nfields:\n  n: lines[0].n | decimal\n"
    (tmp_path / "mappings/line.yaml").write_text(mapping)
    (tmp_path / "channels/feed.yaml").write_text(
        "source: {file: {folder: in}}\nformat: json\nsplit: lines[*]\ntransform: line\n"
        "destinations: {out: {file: {folder: out, name: a.json}}}\n"
        "tests: [{name: t, given: samples/a.json, expect: {out: [{}, {}]}}]\n"
    )
    said = " ".join(differences(load_all(tmp_path)))
    assert "out: got one payload, expected 2 payloads; parts quarantined: 1, the first" in said
    assert "not a number" in said
