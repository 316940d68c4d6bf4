"""The parameters of a template, filled into what the template says: `with.port`, `"{with.facility}"`."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from engine.hints import written
from engine.placed import Items, Mistakes, Node, Place, Record, Scalar

#: Characters of one value with its parameters filled in.
LONGEST = 100_000
_WHOLE = re.compile(r"with\.(\w+)")
#: In an expression: texts in double quotes, which are left as they are, and parameters.
_INSIDE = re.compile(r'"(?:[^"\\]|\\.)*"|(?<![\w./\\-])with\.(\w+)(?![\w/\\-])')
#: In a text: a hole that is a parameter and nothing else; any other hole.
_ALONE = re.compile(r"\{\s*with\.(\w+)\s*\}")
_HOLE = re.compile(r"\{[^{}]*\}")
_LITERAL = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?|true|false")


class Unfit(Exception):
    """A value that cannot stand where a template reads it."""

    def __init__(self, name: str, problem: str, write: str = "") -> None:
        self.name, self.problem, self.write = name, problem, write
        super().__init__(problem)


class Filling:
    """One use of a template: the values of its parameters, and who uses it."""

    def __init__(self, values: dict[str, Node], unknown: set[str], used_by: str, mistakes: Mistakes) -> None:  # fmt: skip
        self.values, self.unknown = values, unknown
        self.used_by, self.mistakes = used_by, mistakes

    def node(self, node: Node) -> Node:
        """The same with every parameter filled in, and with who uses it at every place."""
        place = self.place(node.place)
        if isinstance(node, Record):
            entries = {name: self.node(value) for name, value in node.entries.items()}
            keys = {name: self.place(key) for name, key in node.keys.items()}
            return Record(entries=entries, keys=keys, place=place)
        if isinstance(node, Items):
            return Items(items=tuple(self.node(item) for item in node.items), place=place)
        return self._scalar(node, place)

    def place(self, place: Place) -> Place:
        """A place of the template, with who uses it."""
        if not self.used_by:
            return place
        return Place(
            file=place.file,
            line=place.line,
            column=place.column,
            path=place.path,
            used_by=self.used_by,
        )

    def _scalar(self, node: Scalar, place: Place) -> Node:
        read = set(names(node))
        if not read:
            return Scalar(text=node.text, style=node.style, place=place, source=node.source)
        if read - self.values.keys() or read & self.unknown:
            self.mistakes.misread.add(place)
        whole = _WHOLE.fullmatch(node.text) if node.style == "plain" else None
        if whole and whole[1] in self.values:
            return self._value(whole[1], place)
        try:
            text = self._quoted(node) if node.style == "quoted" else self._expression(node.text)
        except Unfit as unfit:
            self.mistakes.add(self._given(unfit.name, place), unfit.problem, unfit.write)
            text = node.text
            self.mistakes.misread.add(place)
        if len(text) > LONGEST:
            problem = f"with its parameters filled in it has more than {LONGEST} characters"
            self.mistakes.add(place, problem)
            self.mistakes.misread.add(place)
            text = node.text
        place = self._with(place, sorted(read - self.unknown))
        return Scalar(text=text, style=node.style, place=place, filled=True)

    def _with(self, place: Place, read: list[str]) -> Place:
        """The place with the values that are read there: what is wrong with it may be wrong with them."""
        if place in self.mistakes.misread or not self.used_by:
            return place
        shown = [
            (name, written(self.values[name], name)) for name in read if name in self.values
        ]
        said = ", ".join(f"{name}: {text}" for name, text in shown if text)
        used_by = f"{place.used_by} with {said}" if said else place.used_by
        return msgspec.structs.replace(place, used_by=used_by)

    def _given(self, name: str, place: Place) -> Place:
        """Where a parameter's value stands, with the place that reads it."""
        value = self.values[name].place
        if name in self.unknown:
            return place
        return msgspec.structs.replace(
            value, used_by=f"{place.file}:{place.line}:{place.column}"
        )

    def _value(self, name: str, place: Place) -> Node:
        """The value itself: a word without quotes is a text, also where an expression stands."""
        value = self.values[name]
        if name in self.unknown:
            return Scalar(text="x", style="quoted", place=place, filled=True)
        user = f"{place.file}:{place.line}:{place.column}"
        return _literal_node(value, user)

    def _quoted(self, node: Scalar) -> str:
        """A text: what stands alone in its hole becomes part of the text."""
        text = _ALONE.sub(lambda found: self._text(found[1], found[0]), node.text)
        return _HOLE.sub(lambda found: self._expression(found[0]), text)

    def _text(self, name: str, otherwise: str) -> str:
        if name not in self.values:
            return otherwise
        value = self.values[name]
        if not isinstance(value, Scalar):
            raise Unfit(name, f"'{name}' is filled into a text there and is one value, not a {_what(value)}", f"{name}: ...")  # fmt: skip
        if "{" in value.text or "}" in value.text:
            problem = f"'{name}' is filled into a text there and can have no braces of its own"
            raise Unfit(name, problem)
        return value.text

    def _expression(self, text: str) -> str:
        def literal(found: re.Match[str]) -> str:
            name = found[1]
            if not name or name not in self.values:
                return found[0]
            return _literal(name, self.values[name])

        return _INSIDE.sub(literal, text)


def names(node: Scalar) -> Iterator[str]:
    """The parameters that a value reads."""
    if "with." not in node.text:
        return
    if node.style == "quoted":
        for hole in _HOLE.findall(node.text):
            yield from (name for name in _INSIDE.findall(hole) if name)
    else:
        yield from (name for name in _INSIDE.findall(node.text) if name)


def bare(node: Scalar) -> str:
    """The one name that a value is, or that stands alone in a hole of it: what may be meant as a parameter."""
    if node.style == "quoted":
        found = re.search(r"\{(\w+)\}", node.text)
        return found[1] if found else ""
    return node.text if node.text.isidentifier() else ""


def misplaced(node: Scalar) -> tuple[str, str]:
    """What is wrong with a parameter that is read where it is not filled in, and what to write; empty where nothing is."""
    plain = re.search(r"\bwith\.\w+", node.text)
    if plain is None or any(names(node)):
        return "", ""
    if node.style == "quoted":
        if re.search(r"\{[^{}]*\"with\.", node.text):
            return "", ""
        problem = f"in a text a parameter stands in braces; '{plain[0]}' is just text here"
        return problem, '"' + node.text.replace(plain[0], "{" + plain[0] + "}") + '"'
    if '"' in node.text:
        return "", ""
    problem = f"'{plain[0]}' stands inside another word; a text with a parameter in it stands in quotes"
    return problem, '"' + node.text.replace(plain[0], "{" + plain[0] + "}") + '"'


def _literal(name: str, value: Node) -> str:
    """A value as an expression has it: a number, a truth, a text in double quotes, a list of these."""
    if isinstance(value, Items):
        return f"[{', '.join(_literal(name, item) for item in value.items)}]"
    if not isinstance(value, Scalar):
        raise Unfit(name, f"'{name}' is read by an expression there and is a text, a number or a list, not a {_what(value)}")  # fmt: skip
    if '"' in value.text or "\n" in value.text:
        problem = f"'{name}' is read by an expression there and can have no double quotes and no line breaks"
        raise Unfit(name, problem)
    plain = value.style == "plain" and _LITERAL.fullmatch(value.text)
    return value.text if plain else f'"{value.text}"'


def _literal_node(value: Node, user: str) -> Node:
    place = msgspec.structs.replace(value.place, used_by=user)
    if isinstance(value, Record):
        entries = {name: _inside(each, user) for name, each in value.entries.items()}
        return Record(entries=entries, keys=value.keys, place=place)
    if isinstance(value, Items):
        return Items(
            items=tuple(_literal_node(item, user) for item in value.items), place=place
        )
    word = value.style == "plain" and not _LITERAL.fullmatch(value.text)
    style = "quoted" if word else value.style
    return Scalar(text=value.text, style=style, place=place, source=value.source, filled=word)


def _inside(node: Node, user: str) -> Node:
    """What stands in a record that is a parameter's value is taken as it is written."""
    place = msgspec.structs.replace(node.place, used_by=user)
    return msgspec.structs.replace(node, place=place)


def _what(node: Node) -> str:
    return "list" if isinstance(node, Items) else "record"
