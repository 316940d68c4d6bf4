"""The one reader of XML: what it takes, what it refuses and with which words, and how long hostile bytes keep it busy."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

import pytest

from engine.errors import MessageError
from engine.markup.reader import DEPTH, LONGEST, MOST, read

LAUGHS = b"""<!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;">
<!ENTITY lol3 "&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;">]><lolz>&lol3;</lolz>"""


@pytest.mark.parametrize(
    ("raw", "code", "said"),
    [
        (LAUGHS, "unsafe_xml", "line 1, column 1"),
        (b"<?xml version='1.0'?>\n<!-- x -->\n <!DOCTYPE a SYSTEM 'x' [<!ENTITY b 'c'>]><a/>", "unsafe_xml", "line 3, column 2"),
        (b"<a>\n <b>&secret;</b></a>", "not_xml", "line 2"),
        (b"<!DOCTYPE a SYSTEM 'http://x/y.dtd'><a b='&secret;'/>", "not_xml", "line 1"),
        (b"<a><secret></b></a>", "not_xml", "not the one that is open, line 1"),
        (b"<a secret='1' secret='2'/>", "not_xml", "twice in one element"),
        (b"<secret:a/>", "not_xml", "prefix"),
        (b"<a>\x01</a>", "not_xml", "that XML does not have"),
        (b"", "not_xml", "begins with an element"),
        (b"secret", "not_xml", "begins with an element"),
        (b"<a/><b/>", "not_xml", "behind the end"),
        (b"<a>\xe9</a>", "not_xml", "character set"),
        ("<a>\u20ac</a>".encode("utf-16")[:-1], "bad_encoding", "utf-16"),
        (b"<?xml version='1.0' encoding='secret'?><a/>", "bad_encoding", "not known"),
        (b"<?xml version='1.0' encoding='idna'?><a/>", "bad_encoding", "not known"),
        (b"<a>" * (DEPTH + 1) + b"</a>" * (DEPTH + 1), "too_large", str(DEPTH)),
        (b"<a>" + b"x" * (LONGEST + 1) + b"</a>", "too_large", "longer"),
    ],
)  # fmt: skip
def test_what_is_refused_is_named_by_place_and_never_shown(
    raw: bytes, code: str, said: str
) -> None:
    with pytest.raises(MessageError) as caught:
        read(raw)
    assert caught.value.code == code
    assert said in str(caught.value)
    assert "secret" not in str(caught.value)


def test_nothing_of_the_machine_is_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("inside")
    place = (tmp_path / "secret").as_uri()
    for raw in (
        f"<!DOCTYPE a [<!ENTITY x SYSTEM '{place}'>]><a>&x;</a>",
        f"<!DOCTYPE a [<!ENTITY % x SYSTEM '{place}'> %x;]><a/>",
    ):
        with pytest.raises(MessageError, match="declarations of its own"):
            read(raw.encode())
    included = f"<a xmlns:xi='http://www.w3.org/2001/XInclude'><xi:include parse='text' href='{place}'/></a>"
    assert read(included.encode()).root.value() is None
    named = read(f"<!DOCTYPE cXML\n SYSTEM '{place}'>\n<a>\n<b/></a>".encode())
    assert named.root[0].sourceline == 4


@pytest.mark.parametrize(
    ("raw", "encoding"),
    [
        ("<?xml version='1.0'?><a>é€</a>".encode(), ""),
        ("\ufeff<a>é€</a>".encode(), ""),
        ("<?xml version='1.0' encoding='windows-1252'?><a>é€</a>".encode("cp1252"), ""),
        ("<?xml version='1.0' encoding='utf-8'?><a>é€</a>".encode("cp1252"), "windows-1252"),
        ("<?xml version='1.0' encoding='utf-16'?><a>é€</a>".encode("utf-16"), ""),
        ("<?xml version='1.0'?><a>é€</a>".encode("utf-16-be"), ""),
        ("<?xml version='1.0' encoding='utf-16'?><a>é€</a>".encode(), ""),
    ],
)
def test_the_character_set_is_that_of_channel_mark_or_declaration(
    raw: bytes, encoding: str
) -> None:
    assert read(raw, encoding).root.value() == "é€"


def test_a_lenient_reading_replaces_what_is_not_of_the_character_set() -> None:
    assert read(b"<a>x\xe9</a>", lenient=True).root.value() == "x\ufffd"


def test_the_largest_document_has_a_bound() -> None:
    class Large(bytes):
        def __len__(self) -> int:
            return MOST + 1

    with pytest.raises(MessageError, match="at most"):
        read(Large(b"<a/>"))


HOSTILE = {
    "attributes": lambda n: b"<a " + b" ".join(b'x%d="1"' % i for i in range(n)) + b"/>",
    "namespaces": lambda n: b"<a " + b" ".join(b'xmlns:x%d="u%d"' % (i, i) for i in range(n)) + b"/>",
    "own namespaces": lambda n: b"<r>" + b"".join(b'<x%d:b xmlns:x%d="u%d"/>' % (i, i, i) for i in range(n)) + b"</r>",
    "references": lambda n: b"<a>" + b"&amp;" * n + b"</a>",
    "comments": lambda n: b"<a>" + b"<!-- - - -->" * n + b"</a>",
    "quotes": lambda n: b"<a " + b"'" * n,
    "instructions": lambda n: b"<?x " + b"?<" * n,
    "doctype": lambda n: b"<!DOCTYPE a PUBLIC " + b"\"'" * n,
    "long name": lambda n: b"<" + b"a" * n + b"/>",
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_time_grows_with_the_size_and_no_faster(name: str) -> None:
    def seconds(count: int) -> float:
        raw, began = HOSTILE[name](count), time.perf_counter()
        with contextlib.suppress(MessageError):
            read(raw)
        return time.perf_counter() - began

    assert seconds(40_000) < 0.5
