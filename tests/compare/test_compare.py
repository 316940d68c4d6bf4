"""Differences are told by field, segment and line."""

import pytest

from engine.compare import ABSENT, as_json, fields, payload, shown, texts
from engine.placed import Mistakes, Record, read

MSH = "MSH|^~\\&|A|B|C|D|20260105||ADT^A01|1|P|2.5.1"


def record(text: str) -> Record:
    node = read(text, "f.yaml", Mistakes())
    assert isinstance(node, Record)
    return node


@pytest.mark.parametrize(
    "made, expected, says",
    [
        (b"same", b"same", []),
        (b'{"a": 1, "b": [1, 2]}', b'{ "b":[1,2],\n "a":1.0 }', []),
        (b'{"a": 1}', b'{"a": 2}', ["a is 1, expected 2"]),
        (b'{"a": "1"}', b'{"a": 1}', ['a is "1", expected 1']),
        (b'{"a": true}', b'{"a": 1}', ["a is true, expected 1"]),
        (b'{"a": {"b": null}}', b'{"a": {"b": "x"}}', ['a.b is nothing, expected "x"']),
        (b"{}", b'{"a": 1}', ["a is missing, expected 1"]),
        (b'{"a": 1}', b"{}", ["a is 1, expected no such field"]),
        (b'{"a": [1]}', b'{"a": [1, 2]}', ["a has 1 items, expected 2"]),
        (b"[1, 3]", b"[1, 2]", ["[1] is 3, expected 2"]),
        (b"a\r\nb\r\n", b"a\nb", []),
        (b"a\nb", b"a\nc", ['line 2 is "b", expected "c"']),
        (b"a", b"a\nc", ['line 2 is missing, expected "c"']),
        (b"a\nb", b"a", ['line 2 is "b", expected no such line']),
        (b"", b"a", ['line 1 is missing, expected "a"']),
        (b"\xe4", b"\xc3\xa4", []),
    ],
)
def test_two_payloads(made, expected, says):
    assert payload(made, expected) == says


def test_hl7_is_compared_by_segment_and_field():
    made = f"{MSH}\rEVN|A01\rPID|1||77||DOE^JANE\r".encode()
    expected = f"{MSH.replace('P|2.5.1', 'P|2.3')}\nPID|1||78||DOE^JANE\nPV1|1\n".encode()
    assert payload(made, expected) == [
        'MSH-12 is "2.5.1", expected "2.3"',
        "segment 2 is EVN, which is not expected there",
        'PID-3 is "77", expected "78"',
        'the segment PV1 is missing: "PV1|1"',
    ]


def test_no_flood_of_differences():
    assert len(payload(b"\n".join([b"a"] * 1000), b"\n".join([b"b"] * 1000))) == 20


@pytest.mark.parametrize(
    "made, expected, says",
    [
        ('{"a": 1, "b": 2}', "a: 1", []),
        ('{"a": "1"}', 'a: "1"', []),
        ('{"a": "x"}', "a: x", []),
        ('{"a": true}', "a: true", []),
        ('{"a": null}', "a: null", []),
        ("{}", "a: nothing", []),
        ('{"a": {"b": [{"c": 1}]}}', "a.b[0].c: 1", []),
        ('{"a": {"b": [{"c": 1}]}}', "a: {b: [{c: 1}]}", []),
        ('{"a.b": 1}', "a.b: 1", []),
        ('{"a": 1.50}', "a: 1.5", []),
        (
            '{"a": "1"}',
            "a: 1",
            ['a is "1", expected the number 1 (text stands in quotes: "1")'],
        ),
        ('{"a": 1}', 'a: "1"', ['a is 1, expected "1"']),
        ('{"a": 1}', "b: 1", ["b is missing, expected 1"]),
        ('{"a": 1}', "a: nothing", ["a is 1, expected nothing"]),
        ('{"a": "true"}', "a: true", ['a is "true", expected true']),
        ('{"a": 1}', "a: {b: 1}", ["a is 1, expected fields"]),
        ('{"a": 1}', "a: [1]", ["a is 1, expected a list"]),
        ('{"a": [1]}', "a: [1, 2]", ["a has 1 items, expected 2"]),
        ('{"a": [1]}', "a[5]: 1", ["a[5] is missing, expected 1"]),
        ('{"a": {"b": 1}}', "a: {b: 2}", ["a.b is 1, expected 2"]),
    ],
)
def test_some_fields_of_a_record(made, expected, says):
    found = fields(as_json(made.encode()), record(expected))
    assert [text for _, text in found] == says


def test_a_difference_knows_where_its_expectation_stands():
    ((node, _),) = fields({"a": {"b": "x"}}, record("a:\n  b: y\n"))
    assert (node.place.line, node.place.column) == (2, 6)


def test_fields_of_a_message_are_all_text():
    values = {"PID-3.1": "77", "PID-8": None}
    found = texts(lambda path: values[path.text], record("PID-3.1: 77\nPID-8: nothing\n"))
    assert list(found) == []
    found = texts(lambda path: values[path.text], record('PID-3.1: "78"\nPID-8: F\n'))
    assert [text for _, text in found] == [
        'PID-3.1 is "77", expected "78"',
        'PID-8 is nothing, expected "F"',
    ]


@pytest.mark.parametrize("content", [b"", b"1", b"{", b"MSH|", b'{"a": 1} x'])
def test_what_is_no_record(content):
    assert as_json(content) is ABSENT


def test_what_is_not_there_is_said_so():
    assert (shown(ABSENT), shown(None), shown("x")) == ("missing", "nothing", '"x"')
