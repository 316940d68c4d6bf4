"""YAML with its places: every value and every mistake names file, line and column."""

import pytest

from engine.placed import Items, Mistakes, Record, Scalar, plain, read, read_file


def found(text: str) -> list[tuple[int, int, str, str]]:
    mistakes = Mistakes()
    read(text, "f.yaml", mistakes)
    return [(each.line, each.column, each.path, each.problem) for each in mistakes]


def root(text: str) -> Record:
    mistakes = Mistakes()
    node = read(text, "f.yaml", mistakes)
    assert isinstance(node, Record) and not mistakes.found
    return node


def test_every_value_knows_its_place():
    inner = root("a:\n  b: c\n  d: [e, {f: g}]\n").entries["a"]
    assert isinstance(inner, Record)
    last = inner.entries["d"]
    assert isinstance(last, Items)
    record = last.items[1]
    assert isinstance(record, Record)
    value = record.entries["f"]
    assert (value.place.line, value.place.column, value.place.path) == (3, 14, "a.d[1].f")
    assert (inner.keys["b"].line, inner.keys["b"].column) == (2, 3)


@pytest.mark.parametrize(
    "written, text, style",
    [
        ("PID-3.1", "PID-3.1", "plain"),
        ('"ERP"', "ERP", "quoted"),
        ("'ERP'", "ERP", "quoted"),
        (">-\n  a\n  b", "a b", "block"),
        ("|\n  a\n  b\n", "a\nb\n", "block"),
        ("no", "no", "plain"),
        ("010", "010", "plain"),
        ("12:30:00", "12:30:00", "plain"),
        ("2026-01-01", "2026-01-01", "plain"),
        ("", "", "plain"),
    ],
)
def test_a_scalar_is_its_text_and_nothing_else(written, text, style):
    value = root(f"key: {written}").entries["key"]
    assert isinstance(value, Scalar)
    assert (value.text, value.style) == (text, style)


@pytest.mark.parametrize(
    "text, word",
    [
        ("when: a == bad\n", "bad"),
        ('when: "a {bad} b"\n', "bad"),
        ("deep:\n    when: a == bad\n", "bad"),
        ("when: >-\n  one and\n  two and\n  bad\n", "bad"),
        ("when: |\n    one\n    bad\n", "bad"),
        ("when: one and\n   two and\n   bad\n", "bad"),
        ("l:\n  - when: >\n      one\n\n      bad\n", "bad"),
    ],
)
def test_an_offset_into_a_text_finds_its_line_and_column(text, word):
    mistakes = Mistakes()

    def scalar(node):
        if isinstance(node, Scalar):
            return node
        inner = node.items if isinstance(node, Items) else node.entries.values()
        return next(scalar(each) for each in inner)

    node = scalar(read(text, "f.yaml", mistakes))
    mistakes.add(node, "here", offset=node.text.index(word))
    line, column = mistakes.found[0].line, mistakes.found[0].column
    assert text.split("\n")[line - 1][column - 1 :].startswith(word)


def test_a_key_twice_names_the_first():
    assert found("a: 1\nb: 2\na: 3\n") == [
        (3, 1, "a", "'a' stands here twice; the first is in line 1")
    ]


@pytest.mark.parametrize(
    "text, line, column, says",
    [
        ("a: b\n\tc: d\n", 2, 1, "a tab"),
        ("a:\n\t- b\n", 2, 1, "a tab"),
        ("a: b: c\n", 1, 5, "a second ': '"),
        ('when: "x" == PID-3\n', 1, 7, "stands in a block"),
        ("when: *foo\n", 1, 7, "YAML takes a star"),
        ("when: != b\n", 1, 7, "exclamation mark"),
        ("when: [x](*)\n", 1, 7, "YAML takes a bracket"),
        ("a: @x\n", 1, 4, "an at sign"),
        ("a: [1, 2\nb: 3\n", 1, 4, "never closed with ']'"),
        ("a: {b: c\nd: e\n", 1, 4, "never closed with '}'"),
        ('a: [PID-3[.5 == "MR"].1]\n', 1, 10, "inside [...]"),
        ("a: {when: OBX[1]-5}\n", 1, 14, "inside {...}"),
        ("a: 'it\n", 1, 4, "never closed"),
        ('a: "x\\d"\n', 1, 6, "in single quotes"),
        ("a: b\n c: d\n", 2, 2, "indented deeper"),
        ("a:\n  b: c\n d: e\n", 3, 2, "indented by one space"),
        ("- a\nb: c\n", 2, 1, "a list goes on"),
        ("a: - b\n", 1, 4, "a list begins on the line below"),
        ("a: b\n---\nc: d\n", 2, 1, "one document"),
        ("a\nb: c\n", 1, 1, "no colon"),
        ("a: &x 1\nb: *x\n", 1, 4, "an alias"),
        ("<<: {a: b}\n", 1, 1, "merge keys"),
        ("a: \x01\n", 1, 4, "a control character"),
        ("[.1]: x\n", 1, 1, "stands in quotes"),
        ("a:\n- b\n  - c\n", 3, 3, "this list item"),
    ],
)
def test_yaml_traps_are_told_in_words(text, line, column, says):
    ((at_line, at_column, _, problem),) = found(text)
    assert (at_line, at_column) == (line, column)
    assert says in problem


def test_a_bomb_of_aliases_is_refused_and_not_unfolded():
    lines = ["a0: &a0 [x, x]"]
    lines += [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}, *a{n - 1}]" for n in range(1, 30)]
    assert all("an alias" in problem for *_, problem in found("\n".join(lines)))


def test_an_empty_file_is_an_empty_record():
    assert root("") == root("# only a comment\n")
    assert plain(root("")) == {}


def test_a_byte_order_mark_does_not_count(tmp_path):
    (tmp_path / "f.yaml").write_bytes(b"\xef\xbb\xbfa: b\n")
    node, content = read_file(tmp_path / "f.yaml", "f.yaml", Mistakes())
    assert node is not None and plain(node) == {"a": "b"}
    assert content.startswith(b"\xef\xbb\xbf")


def test_a_file_that_is_not_utf8_says_where(tmp_path):
    (tmp_path / "f.yaml").write_bytes(b"a: b\nc: \xe4\n")
    mistakes = Mistakes()
    node, _ = read_file(tmp_path / "f.yaml", "f.yaml", mistakes)
    assert node is None
    assert (mistakes.found[0].line, mistakes.found[0].column) == (2, 4)


def test_a_file_that_is_not_there_is_a_mistake(tmp_path):
    mistakes = Mistakes()
    assert read_file(tmp_path / "f.yaml", "f.yaml", mistakes) == (None, b"")
    assert "No such file" in mistakes.found[0].problem


def test_values_that_name_each_other_do_not_grow() -> None:
    """Eleven lines of aliases are ten thousand million values, written out."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{at}: &a{at} [{', '.join([f'*a{at - 1}'] * 10)}]" for at in range(1, 12)]
    mistakes = Mistakes()
    node = read("\n".join(lines), "f.yaml", mistakes)
    assert node is not None and len(repr(plain(node))) < 10_000
    assert len(mistakes.found) == 110


@pytest.mark.parametrize(
    "text",
    [
        "a: " + "[" * 100_000,
        "a: " + "[" * 5_000 + "]" * 5_000,
        "a: " + "{a: " * 3_000 + "}" * 3_000,
        "".join(" " * depth + "a:\n" for depth in range(2_000)),
        "- " * 20_000 + "a",
        "? " * 20_000 + "a",
    ],
)
def test_values_too_deep_in_one_another_are_a_mistake(text: str) -> None:
    mistakes = Mistakes()
    assert read(text, "f.yaml", mistakes) is None
    (mistake,) = mistakes.found
    assert "more than 100 deep" in mistake.problem and (mistake.line, mistake.column) != (1, 1)


def test_an_expression_that_a_comma_cut_is_told_once_and_its_rest_is_nothing():
    text = 'set: {a: 1, b: lookup("u", "c", unit=left(x, 2)), d: f(x)}\nlist: [if(a, b, c), e]\nsaid: {t: open ( only}\n'
    mistakes = Mistakes()
    node = read(text, "f.yaml", mistakes)
    assert [(each.line, each.column, each.path, each.write) for each in mistakes] == [
        (1, 16, "set.b", 'b: lookup("u", "c", unit=left(x, 2))'),
        (2, 8, "list[0]", "- if(a, b, c)"),
    ]
    assert isinstance(node, Record) and list(node.entries["set"].entries) == ["a", "b", "d"]
    assert len(node.entries["list"].items) == 2
