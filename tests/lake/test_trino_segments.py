"""How the segments of Trino's answers are read; compressed by other libraries than ours."""

import base64
import json

import lz4.block
import pyarrow as pa
import pytest
import zstandard
from trino.client import DecodableSegment, InlineSegment, SpooledSegment, TrinoRequest

from ckanext.export.errors import LakeUnavailable, Misconfigured
from ckanext.export.lake import open_lake
from ckanext.export.lake.trino_rows import END
from ckanext.export.lake.trino_segments import Segments
from ckanext.export.observations import TEXT
from ckanext.export.query import Query

ROWS = [
    ["villa", "\U0001f321 °C\x00\r\n\"\\'", 1655725564198578],
    [None, "", None],
    ["null", ',"null",],[null,"x"],["', -1],
    ["\x01n\\n\\\n\\\\n\\u00e4", '"],["', None],
    ["\\", "\\\\", None],
] * 20
SCHEMA = pa.schema([("home", pa.string()), ("state", TEXT), ("time", pa.int64())])
COMPRESSED = {
    "json": lambda text: text,
    "json+zstd": lambda text: zstandard.ZstdCompressor().compress(text),
    "json+lz4": lambda text: lz4.block.compress(text, store_size=False),
}


def inline(rows, encoding="json", ascii_only=False, **about):
    ended = [[*row, END] for row in rows]
    text = json.dumps(ended, ensure_ascii=ascii_only, separators=(",", ":")).encode()
    data = COMPRESSED[encoding](text)
    size = {"uncompressedSize": len(text)} if encoding != "json" else {}
    metadata = {"rowsCount": len(rows), "segmentSize": len(data)} | size | about
    segment = {"type": "inline", "data": base64.b64encode(data).decode(), "metadata": metadata}
    return DecodableSegment(encoding, {}, InlineSegment(segment))


def read(*items):
    segments = Segments(SCHEMA, True, lambda host: {})
    try:
        return [row for batch in segments.batches(items) for row in batch.to_pylist()]
    finally:
        segments.close()


@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize("encoding", COMPRESSED)
def test_segments_of_every_encoding_are_read_whole_and_in_order(encoding, ascii_only):
    parts = [ROWS[:1], ROWS[1:30], ROWS[30:99], [], ROWS[99:]]

    found = read(*(inline(part, encoding, ascii_only) for part in parts))

    assert [list(row.values()) for row in found] == ROWS


def test_rows_of_a_cluster_that_does_not_spool_are_read_the_same():
    assert read(*([*row, END] for row in ROWS)) == read(inline(ROWS))


@pytest.mark.parametrize(
    "item",
    [
        inline(ROWS, rowsCount=101),
        inline(ROWS, "json+zstd", uncompressedSize=7),
        DecodableSegment(
            "json+zstd",
            {},
            InlineSegment({"data": "AAAA", "metadata": {"rowsCount": 1, "uncompressedSize": 40}}),
        ),
        DecodableSegment(
            "json",
            {},
            InlineSegment(
                {"data": base64.b64encode(b'[["a"').decode(), "metadata": {"rowsCount": 1}}
            ),
        ),
    ],
    ids=["too few rows", "another size", "no zstd", "cut off"],
)
def test_a_damaged_segment_ends_the_pass(item):
    with pytest.raises(LakeUnavailable):
        read(item)


def test_a_store_that_is_not_there_is_told_without_the_key_to_its_segments():
    url = "http://127.0.0.1:1/segment?X-Amz-Signature=s3cret"
    about = {"type": "spooled", "uri": url, "ackUri": url, "metadata": {"rowsCount": 1}}
    item = DecodableSegment("json", {}, SpooledSegment(about, TrinoRequest))

    with pytest.raises(LakeUnavailable) as caught:
        read(item)

    assert "127.0.0.1:1" in caught.value.explain()
    assert "s3cret" not in caught.value.explain()
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "url",
    [
        "trino://:s3cret@host/catalog",
        "trino://u:s3cret@host/a/b/c/d",
        "trino://u:s3cret@host:port/catalog",
        "trino://u:s3cret@host/catalog?verify=s3cret",
        "trino://u:s3cret@host/catalog?session_properties=s3cret",
    ],
)
def test_a_url_that_cannot_be_is_told_without_its_secret(url):
    with pytest.raises(Misconfigured) as caught:
        open_lake(url).scan(Query())

    assert "ckanext.export.lake.url" in caught.value.explain()
    assert "s3cret" not in caught.value.explain()


def test_a_missing_driver_is_named_with_what_installs_it(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "trino.dbapi", None)

    with pytest.raises(Misconfigured) as caught:
        open_lake("trino://u@host/catalog").scan(Query())

    assert "ckanext-export[trino]" in caught.value.explain()
