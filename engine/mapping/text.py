"""Expressions and texts with holes, from what stands in a file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from engine.coverage import watched
from engine.errors import MessageError
from engine.formats import Scope
from engine.mapping import operators, traps
from engine.mapping.language import Expression, Language, Run, Term, Wrong, refuse
from engine.mapping.parser import Parser
from engine.mapping.values import Unreadable, text_of
from engine.placed import Scalar

#: Longest text that holes may make, in characters.
LONGEST = 1_000_000
#: What no file system takes in a name, on any machine.
_UNSAFE = str.maketrans(dict.fromkeys('/\\:*?"<>|', "_") | dict.fromkeys(map(chr, [*range(32), 127]), "_"))  # fmt: skip
_BREAKS = str.maketrans(dict.fromkeys(map(chr, [*range(32), 127]), " "))
_SEARCHED = str.maketrans({sign: f"\\{sign}" for sign in "\\,|$"})

Make = Callable[[str, tuple[str, ...]], str]


def expression(scalar: Scalar, language: Language) -> Expression | None:
    """A plain or block scalar as an expression, a quoted one as text with holes; None where mistakes were noted."""
    return finished(scalar, term(scalar, language), language)


def fill(scalar: Scalar, language: Language, safe: str) -> Expression | None:
    """
    Always text with holes, whatever its style, each hole made safe: `file_name` (one name, no separators, no leading
    dot), `url_path` (percent-encoded into one segment or value; nothing there is a MessageError), `search` (the same as one
    value of a FHIR search), `header` (no line breaks), `text`.
    """
    make = _SAFE[safe]
    return finished(
        scalar, guarded(scalar, language, lambda: _holes(scalar, language, make)), language
    )


def term(scalar: Scalar, language: Language) -> Term | None:
    """The same as a term, which knows more: whether it is a path, what it is made of."""
    return guarded(scalar, language, lambda: _term(scalar, language))


def guarded(scalar: Scalar, language: Language, compile_: Callable[[], Term]) -> Term | None:
    """What is compiled; None, and a placed mistake, where it cannot be."""
    try:
        found = compile_()
        if found.constant:
            value = found.value()
            found.run = lambda scope: value
        found.run = watched(scalar.place, scalar.text, found.run)
        if found.nodes is not None:
            found.nodes = watched(scalar.place, scalar.text, found.nodes)
        return found
    except Wrong as wrong:
        language.mistakes.add(scalar, wrong.problem, wrong.write, wrong.offset)
    except MessageError as error:
        language.mistakes.add(scalar, f"this can never work: {error.rule}")
    except RecursionError:
        language.mistakes.add(scalar, "nested too deep")
    return None


def finished(scalar: Scalar, found: Term | None, language: Language) -> Expression | None:
    """A term as an expression."""
    if found is None:
        return None
    if found.kind == "group":
        word = found.paths[0] if found.paths else scalar.text
        language.mistakes.add(
            scalar,
            f"{word} names a whole segment here, not a value; did you mean the text?",
            f'"{word}"',
        )
        return None
    return Expression(
        run=found.run,
        text=scalar.text,
        line=scalar.place.line,
        constant=found.constant,
        many=found.many,
        kind=found.kind,
        paths=found.paths,
        names=found.names,
        type=found.type,
        reads=found.reads,
    )


def _term(scalar: Scalar, language: Language) -> Term:
    if scalar.style == "quoted":
        return _holes(scalar, language, _SAFE["text"])
    if not scalar.text.strip():
        raise Wrong(0, "an expression is missing here", 'nothing, or ""')
    traps.check(scalar.text)
    return Parser(scalar.text, language).whole()


def _holes(scalar: Scalar, language: Language, make: Make) -> Term:
    """`"{MSH-10}-{FT1-1}"`; `{{` is a brace."""
    text = scalar.text
    pieces: list[str | Term] = []
    said, at = "", 0
    while at < len(text):
        sign = text[at]
        if text.startswith(("{{", "}}"), at):
            said += sign
            at += 2
        elif sign == "{":
            if said:
                pieces.append(said)
            said = ""
            hole, at = _hole(text, at, language)
            pieces.append(hole)
        else:
            said += sign
            at += 1
    if said:
        pieces.append(said)
    return _text(pieces, make)


def _hole(text: str, start: int, language: Language) -> tuple[Term, int]:
    open_ = Wrong(start, "this hole is not closed; a brace itself is written twice", "{{")
    parser = Parser(text, language, start + 1)
    first = parser.skip()
    if first == "}":
        raise Wrong(
            start, "there is nothing in this hole; a brace itself is written twice", "{{"
        )
    if not first:
        raise open_
    found = parser.expression()
    if (last := parser.skip()) != "}":
        raise parser.unexpected() if last else open_
    operators.single(found, "a hole")
    if found.kind in ("record", "bytes", "list"):
        raise Wrong(found.offset, f"a {found.kind} has no text of its own")
    return found, parser.at + 1


def _text(pieces: list[str | Term], make: Make) -> Term:
    terms = [piece for piece in pieces if isinstance(piece, Term)]
    if not terms:
        whole = "".join(piece for piece in pieces if isinstance(piece, str))
        return Term(
            run=lambda scope: whole, kind="text", offset=0, constant=True, reads=frozenset()
        )
    if make is _SAFE["text"]:
        return operators.combined(_plain(pieces), "text", 0, terms)
    parts = tuple(
        (piece, None) if isinstance(piece, str) else ("", _hole_run(piece, make))
        for piece in pieces
    )

    def run(scope: Scope) -> str:
        whole = "".join([text if hole is None else hole(scope) for text, hole in parts])
        if len(whole) > LONGEST:
            refuse("too_large", f"the text is longer than {LONGEST} characters")
        return whole

    return operators.combined(run, "text", 0, terms)


def _plain(pieces: list[str | Term]) -> Run:
    """The same where nothing is escaped: what most texts are."""
    parts = tuple(
        (piece, None, ()) if isinstance(piece, str) else ("", piece.run, piece.paths)
        for piece in pieces
    )

    def run(scope: Scope) -> str:
        said: list[str] = []
        for text, read, paths in parts:
            value = text if read is None else read(scope)
            if type(value) is str:
                said.append(value)
            elif value is not None:
                try:
                    said.append(text_of(value))
                except Unreadable as why:
                    refuse("bad_value", why.why, paths)
        whole = "".join(said)
        if len(whole) > LONGEST:
            refuse("too_large", f"the text is longer than {LONGEST} characters")
        return whole

    return run


def _hole_run(hole: Term, make: Make) -> Run:
    read, paths = hole.run, hole.paths

    def run(scope: Scope) -> Any:
        value = read(scope)
        try:
            return make(value if type(value) is str else text_of(value), paths)
        except Unreadable as why:
            refuse("bad_value", why.why, paths)

    return run


def _file_name(said: str, paths: tuple[str, ...]) -> str:
    """
    One safe name: no separators, no control characters, no leading dot, at most 150 bytes.

    >>> _file_name("../a/b", ())
    '___a_b'
    """
    safe = said.translate(_UNSAFE)
    bare = safe.lstrip(".")
    safe = "_" * (len(safe) - len(bare)) + bare
    if len(safe.encode("utf-8", "replace")) > 150:
        refuse("bad_value", "too long for a file name (150 bytes)", paths)
    return safe.encode("utf-8", "replace").decode()


def _url_path(said: str, paths: tuple[str, ...]) -> str:
    """
    Percent-encoded into one segment or value.

    >>> _url_path("a/b?c d", ())
    'a%2Fb%3Fc%20d'
    """
    if not said:
        refuse("missing_field", "the address needs a value here", paths)
    if said in (".", ".."):
        refuse("bad_value", "a dot is no part of an address", paths)
    return quote(said, safe="", errors="replace")


def _search(said: str, paths: tuple[str, ...]) -> str:
    """
    One value of a FHIR search (R4 3.1.1.5.7): what separates values and tokens there is escaped, then percent-encoded.

    >>> _search("A,1|2", ())
    'A%5C%2C1%5C%7C2'
    """
    return _url_path(said.translate(_SEARCHED), paths)


def _header(said: str, paths: tuple[str, ...]) -> str:
    """
    No line breaks, no control characters.

    >>> _header("a\\r\\nb", ())
    'a  b'
    """
    return said.translate(_BREAKS)


_SAFE: dict[str, Make] = {
    "file_name": _file_name,
    "url_path": _url_path,
    "search": _search,
    "header": _header,
    "text": lambda said, paths: said,
}
