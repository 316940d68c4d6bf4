"""XSLT as a mapping: what it makes, what it cannot reach."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import MessageError
from tests.formats.xml.conftest import Mapped

SHEET = """<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:po="urn:example:orders" exclude-result-prefixes="po">
<xsl:param name="who"/>
<xsl:template match="/"><out who="{$who}"><xsl:for-each select="//po:Line"><l><xsl:value-of select="po:Item"/></l></xsl:for-each></out></xsl:template>
</xsl:stylesheet>"""
MAPPING = 'from: xml\nto: xml\nxslt: flat\nparameters: {who: "it\'s me"}\n'


def test_a_stylesheet_makes_a_document(mapped: Mapped) -> None:
    mapped.put("xslt/flat.xsl", SHEET)
    (made,) = mapped.made(MAPPING)
    assert b'<out who="it\'s me"><l>A &amp; B</l><l>C</l><l/></out>' in made
    mapped.put(
        "xslt/flat.xsl", SHEET.replace("<xsl:param", '<xsl:output method="text"/><xsl:param')
    )
    assert mapped.made(MAPPING.replace("to: xml", "to: bytes")) == [b"A & BC"]


def test_the_hash_of_a_mapping_is_that_of_its_stylesheet_too(mapped: Mapped) -> None:
    mapped.put("xslt/flat.xsl", SHEET)
    before = mapped.load(MAPPING)[0].digest
    mapped.put("xslt/flat.xsl", SHEET.replace("<out", "<Out").replace("</out", "</Out"))
    assert mapped.load(MAPPING)[0].digest != before


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        ("po:Item", "document('x')", "reads other documents"),
        ("{$who}", "{document('x')}", "reads other documents"),
        ("<xsl:param", "<xsl:import href='x.xsl'/><xsl:param", "nothing is imported"),
        ("<xsl:param", "<xsl:include href='x.xsl'/><xsl:param", "nothing is included"),
        ("xmlns:po=", "xmlns:d='http://exslt.org/dates-and-times' xmlns:po=", "are not carried out"),
        ("xmlns:po=", "xmlns:d='http://exslt.org/dynamic' xmlns:po=", "are not carried out"),
        ("xmlns:po=", "xmlns:s='http://icl.com/saxon' extension-element-prefixes='s' xmlns:po=", "are not carried out"),
        ("<out ", "<exsl:document xmlns:exsl='http://exslt.org/common' href='x'/><out ", "are not carried out"),
        ("po:Item", "po:Item[", "mappings/xslt/flat.xsl:3"),
        ("po:Item", "generate-id()", "another text each time"),
        ("</out>", "", "mappings/xslt/flat.xsl:3"),
        ("<xsl:stylesheet ", "<!DOCTYPE a [<!ENTITY b 'c'>]><xsl:stylesheet ", "no DOCTYPE"),
    ],
)  # fmt: skip
def test_what_is_not_pure_is_refused_at_load(
    mapped: Mapped, was: str, now: str, said: str
) -> None:
    mapped.put("xslt/flat.xsl", SHEET.replace(was, now, 1))
    found = mapped.wrong(MAPPING)
    assert said in found
    assert found.startswith("mappings/xslt/flat.xsl:")


def test_nothing_is_written_or_read_even_where_it_slips_through(
    mapped: Mapped, tmp_path: Path
) -> None:
    from lxml import etree

    target = tmp_path / "written"
    sheet = SHEET.replace(
        "<out ",
        f'<exsl:document xmlns:exsl="http://exslt.org/common" href="{target}">x</exsl:document><out ',
        1,
    ).replace(
        "xmlns:po=",
        'xmlns:exsl="http://exslt.org/common" extension-element-prefixes="exsl" xmlns:po=',
    )
    run = etree.XSLT(etree.fromstring(sheet), access_control=etree.XSLTAccessControl.DENY_ALL)
    with pytest.raises(etree.XSLTApplyError):
        run(etree.fromstring("<a/>"))
    assert not target.exists()


def test_a_stylesheet_that_stops_or_never_ends_is_the_messages_fault(mapped: Mapped) -> None:
    stop = SHEET.replace(
        "<out ",
        "<xsl:message terminate='yes'><xsl:value-of select='//po:Number'/></xsl:message><out ",
        1,
    )
    endless = SHEET.replace("<out ", "<xsl:call-template name='e'/><out ", 1).replace(
        "</xsl:stylesheet>",
        "<xsl:template name='e'><xsl:call-template name='e'/></xsl:template></xsl:stylesheet>",
    )
    for sheet in (stop, endless):
        mapped.put("xslt/flat.xsl", sheet)
        with pytest.raises(MessageError, match="the stylesheet stops") as caught:
            mapped.made(MAPPING)
        assert "4711" not in str(caught.value)
