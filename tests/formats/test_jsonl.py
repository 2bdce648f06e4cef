"""NDJSON: an object a line."""

import json

from tests.builders import encode, observation


def test_a_row_is_a_line_and_nothing_else():
    content = encode("jsonl", [observation(state="a\nb")], [observation(unit=None)])

    assert [json.loads(line)["state"] for line in content.split(b"\n")[:-1]] == ["a\nb", "21.5"]
    assert content.endswith(b"}\n")
    assert content.count(b"\n") == 2


def test_rows_are_those_of_json():
    rows = [observation(state=text) for text in ('"', "é", "\x00")]

    lines = encode("jsonl", rows).splitlines()
    assert b"[\n" + b",\n".join(lines) + b"\n]\n" == encode("json", rows)


def test_no_rows_are_no_bytes():
    assert encode("jsonl") == b""
