"""TSV: CSV's cells between tabs."""

import csv
import io

import pandas
import pytest

from tests.builders import encode, observation

HEADER = b"home\tentity_id\ttype\tstate\tunit\tlast_changed\tlast_updated\tattributes\n"


def state_of(text: str) -> bytes:
    content = encode("tsv", [observation(home="h", entity_id="e", type="t", state=text, unit="u")])
    return content.removeprefix(HEADER + b"h\te\tt\t").partition(b"\tu\t2022-")[0]


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("plain", b"plain"),
        ("a,b; c", b"a,b; c"),
        ("a\tb", b'"a\tb"'),
        ("a\nb", b'"a\nb"'),
        ("a\rb", b'"a\rb"'),
        ('a"b', b'"a""b"'),
        ("=1+1", b"'=1+1"),
        ("\tx", b'"\'\tx"'),
    ],
)
def test_only_what_must_be_quoted_is_quoted(text, cell):
    assert state_of(text) == cell


def test_lines_end_as_unix_tools_want_them():
    content = encode("tsv", [observation(), observation()])

    assert content.startswith(HEADER)
    assert content.count(b"\n") == 3
    assert b"\r" not in content


def test_pandas_and_python_undo_the_quotes():
    texts = ["a\tb", "two\nlines", 'say "hello"', "\u00e9", "x,y"]
    content = encode("tsv", [observation(state=text) for text in texts])

    assert list(pandas.read_csv(io.BytesIO(content), sep="\t")["state"]) == texts
    rows = csv.DictReader(io.StringIO(content.decode(), newline=""), dialect="excel-tab")
    assert [row["state"] for row in rows] == texts
