"""Readers of XML by other people's parsers, which have to agree."""

import xml.etree.ElementTree as standard
from typing import Any

from lxml import etree

Row = dict[str, Any]

NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"


def read_xml(content: bytes) -> list[Row]:
    return _rows(etree.fromstring(content, etree.XMLParser(huge_tree=True)))


def read_xml_strictly(content: bytes) -> list[Row]:
    return _rows(etree.fromstring(content, etree.XMLParser(recover=False, huge_tree=True)))


def read_xml_by_the_standard_library(content: bytes) -> list[Row]:
    return _rows(standard.fromstring(content))  # noqa: S314 - we wrote it


XML_READERS = [read_xml, read_xml_strictly, read_xml_by_the_standard_library]


def _rows(root: Any) -> list[Row]:
    return [
        {cell.tag: None if cell.get(NIL) == "true" else cell.text or "" for cell in row}
        for row in root
    ]
