"""XML 1.0 that parses with every parser, always."""

from xml.sax import make_parser
from xml.sax.handler import ContentHandler, feature_namespaces

import pytest
from lxml import etree

from tests.builders import IN_ORDER, encode, observation
from tests.readers import XML_READERS


def parsed_state(text: str) -> str | None:
    content = encode("xml", [observation(state=text)])
    found = [reader(content)[0]["state"] for reader in XML_READERS]
    assert len(set(found)) == 1
    return found[0]


def test_it_begins_with_a_declaration():
    assert encode("xml").startswith(b'<?xml version="1.0" encoding="UTF-8"?>')


def test_rows_stand_in_data_and_cells_in_rows():
    root = etree.fromstring(encode("xml", [observation(), observation()]))

    assert root.tag == "data"
    assert [row.tag for row in root] == ["row", "row"]
    assert [cell.tag for cell in root[0]] == IN_ORDER


def test_the_namespace_of_nil_is_declared_on_data():
    content = encode("xml", [observation(unit=None)])

    assert etree.fromstring(content).nsmap == {"xsi": "http://www.w3.org/2001/XMLSchema-instance"}
    assert b'<unit xsi:nil="true"/>' in content


def test_a_carriage_return_is_written_as_a_reference():
    assert b"a&#13;b&#13;\nc" in encode("xml", [observation(state="a\rb\r\nc")])
    assert parsed_state("a\rb\r\nc") == "a\rb\r\nc"


@pytest.mark.parametrize("text", ["]]>", "<![CDATA[", "<", ">", "&", "&amp;", "&#0;", "<?xml?>"])
def test_markup_is_text(text):
    assert parsed_state(text) == text


FORBIDDEN = [*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), 0xFFFE, 0xFFFF]
ALLOWED = [0x09, 0x0A, 0x0D, 0x20, 0x7F, 0x85, 0xD7FF, 0xE000, 0xFFFD, 0x10000, 0x1FFFE, 0x10FFFF]


@pytest.mark.parametrize("number", FORBIDDEN, ids=hex)
def test_a_character_that_xml_forbids_becomes_the_replacement_character(number):
    assert parsed_state(f"a{chr(number)}b") == "a\ufffdb"


@pytest.mark.parametrize("number", ALLOWED, ids=hex)
def test_a_character_that_xml_allows_stays(number):
    assert parsed_state(f"a{chr(number)}b") == f"a{chr(number)}b"


def test_attributes_are_json_text_in_which_markup_is_escaped():
    text = '{"a":"<b>&]]>"}'

    root = etree.fromstring(encode("xml", [observation(attributes=text)]))

    assert root.findtext("row/attributes") == text


def test_a_streaming_parser_reads_it_too(tmp_path):
    class Count(ContentHandler):
        rows = 0

        def startElementNS(self, name, qname, attributes):  # noqa: N802 - their name
            self.rows += name == (None, "row")

    path = tmp_path / "data.xml"
    path.write_bytes(encode("xml", [observation(state="]]>\x00<&")] * 1000))
    parser = make_parser()  # noqa: S317 - we wrote it
    parser.setFeature(feature_namespaces, True)
    parser.setContentHandler(counted := Count())
    parser.parse(str(path))

    assert counted.rows == 1000
