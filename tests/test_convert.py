"""Settings are read by their types, and every mistake stands on the value that is wrong."""

from decimal import Decimal
from typing import Any, Literal

import msgspec
import pytest

from engine.convert import WRONG, Converter
from engine.placed import Mistakes, Record, Scalar, read
from engine.settings import Count, Duration, FileName, HeaderText, Port, Secret, Size


class Inner(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    host: str
    port: Port = 0


class Outer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    number: int = 1
    share: float = 0.5
    money: Decimal = Decimal(0)
    truth: bool = False
    text: str = ""
    wait: Duration = Duration(1)
    size: Size = Size(1)
    secret: Secret | None = None
    inner: Inner | None = None
    words: tuple[str, ...] = ()
    inners: list[Inner] = []
    table: dict[str, int] = {}
    word: Literal["red", "green"] = "red"
    either: int | Literal["none"] = 0
    count: Count = 1
    name: FileName = ""
    headers: dict[str, HeaderText] = {}
    node: Record | None = None

    def __post_init__(self) -> None:
        if self.number == 13:
            raise ValueError("number is anything but 13.")
        if self.number == 14:
            raise ValueError("this brings bad luck")


def convert(text: str, holes: Any = None) -> tuple[Any, list[str]]:
    mistakes = Mistakes()
    node = read(text, "f.yaml", mistakes)
    assert node is not None
    value = Converter(mistakes, holes).struct(node, Outer)
    return value, [str(each).replace("f.yaml:", "", 1) for each in mistakes]


@pytest.mark.parametrize(
    "text, field, value",
    [
        ("number: 42", "number", 42),
        ("number: -1", "number", -1),
        ("share: 0.25", "share", 0.25),
        ("money: 12.50", "money", Decimal("12.50")),
        ("truth: true", "truth", True),
        ("text: no", "text", "no"),
        ("text: 12:30:00", "text", "12:30:00"),
        ('text: ""', "text", ""),
        ("wait: 1h30m", "wait", 5400.0),
        ("size: 16MB", "size", 16777216),
        ("secret: {env: A}", "secret", Secret(env="A")),
        ("secret: null", "secret", None),
        ("secret:", "secret", None),
        ("inner: {host: a, port: 70}", "inner", Inner(host="a", port=70)),
        ("words: [a, b]", "words", ("a", "b")),
        ("inners:\n- host: a\n- host: b", "inners", [Inner(host="a"), Inner(host="b")]),
        ("table: {a: 1}", "table", {"a": 1}),
        ("word: green", "word", "green"),
        ("either: none", "either", "none"),
        ("either: 3", "either", 3),
    ],
)
def test_a_value_by_its_type(text, field, value):
    made, mistakes = convert(text)
    assert mistakes == []
    assert getattr(made, field) == value


def test_nodes_are_handed_through():
    made, _ = convert("node: {a: b}")
    assert isinstance(made.node, Record) and list(made.node.entries) == ["a"]


@pytest.mark.parametrize(
    "text, says",
    [
        ("number: high", "1:9: number\n  'high' is not a whole number\n  write   number: 10"),
        ("number: 1.5", "1:9: number\n  '1.5' is not a whole number\n  write   number: 10"),
        ("number: 1_000", "1:9: number\n  '1_000' is not a whole number\n  write   number: 10"),
        (
            'number: "10"',
            '1:9: number\n  "10" is text; a whole number stands without quotes\n  write   number: 10',
        ),
        (
            "number: 010",
            "1:9: number\n  '010' begins with a zero, which some readers take for an octal number"
            "\n  write   number: 10",
        ),
        ("number:", "1:8: number\n  'number' has no value\n  write   number: 10"),
        ("number: [1]", "1:9: number\n  one value stands here\n  write   number: 10"),
        (
            "truth: yes",
            "1:8: truth\n  'yes' is not a truth value, which is written true or false\n  write   truth: true",
        ),
        (
            "truth: Off",
            "1:8: truth\n  'Off' is not a truth value, which is written true or false\n  write   truth: false",
        ),
        (
            'truth: "true"',
            '1:8: truth\n  "true" is not a truth value, which is written true or false\n  write   truth: true',
        ),
        (
            "wait: 5",
            "1:7: wait\n  '5' is not a length of time such as 500ms, 5s, 10m, 2h or 7d\n  write   wait: 5s",
        ),
        (
            "size: big",
            "1:7: size\n  'big' is not a size such as 64KB, 16MB or 1GB\n  write   size: 16MB",
        ),
        (
            "inner: {port: 1}",
            "1:8: inner\n  'host' is missing in 'inner'\n  write   host: 10.0.0.5",
        ),
        (
            "inner: {host: a, port: 70000}",
            "1:24: inner.port\n  70000 is no TCP port; they go from 1 to 65535\n  write   port: 2575",
        ),
        (
            "inner: a",
            "1:8: inner\n  settings stand here, each with its name, a colon and a value"
            "\n  write   inner: {host: 10.0.0.5}",
        ),
        ("words: a", "1:8: words\n  a list stands here\n  write   words: [a]"),
        (
            "inners: [{hosst: a}]",
            "1:11: inners[0].hosst\n  there is no setting 'hosst' here; did you mean 'host'?\n  write   host: a",
        ),
        (
            "table: {a: x}",
            "1:12: table.a\n  'x' is not a whole number\n  write   a: 10",
        ),
        (
            "word: gren",
            "1:7: word\n  'gren' is none of red, green; did you mean 'green'?\n  write   word: green",
        ),
        ("count: 0", "1:8: count\n  0 is out of range; expected int >= 1\n  write   count: 10"),
        ("number: 13", "1:9: number\n  number is anything but 13"),
        ("number: 14", "1:1\n  this brings bad luck"),
        ("node: x", "1:7: node\n  keys and values stand here"),
    ],
)
def test_a_mistake_says_where_what_and_what_to_write(text, says):
    made, mistakes = convert(text)
    assert made is WRONG
    assert mistakes[0] == says


def test_one_mistake_does_not_hide_the_others():
    _, mistakes = convert("number: high\ntruth: yes\nnumbr: 1\ninner: {}\nwords: a\n")
    assert len(mistakes) == 5


def test_a_misspelt_setting_is_not_told_as_missing_too():
    _, mistakes = convert("inner: {hosst: a}")
    assert len(mistakes) == 1 and "did you mean 'host'?" in mistakes[0]


@pytest.mark.parametrize("text", ["nan", "inf", "1e5", "0x10", "1_0", "٣", "1 2"])
def test_a_number_is_written_in_plain_digits(text):
    for field in ("number", "share", "money"):
        assert convert(f"{field}: {text}")[0] is WRONG


def test_texts_with_holes_are_given_to_who_fills_them():
    met = []

    def holes(scalar: Scalar, safe: str, name: str) -> str | None:
        met.append((scalar.text, safe, name))
        return None if "{" in scalar.text else "constant"

    made, _ = convert('name: "{MSH-10}.hl7"\nheaders: {X-A: b, X-C: "{d}"}\ntext: "{e}"', holes)
    assert met == [
        ("{MSH-10}.hl7", "file_name", "name"),
        ("b", "header", "headers.X-A"),
        ("{d}", "header", "headers.X-C"),
    ]
    assert made.name == "{MSH-10}.hl7"
    assert made.headers == {"X-A": "constant", "X-C": "{d}"}
    assert made.text == "{e}"
