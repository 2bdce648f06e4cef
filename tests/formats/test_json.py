"""JSON: one array of objects, an object a line."""

import json

from tests.builders import encode, observation


def test_rows_stand_on_lines_of_their_own():
    content = encode("json", [observation(state="a\nb"), observation(), observation()])
    lines = content.decode().split("\n")

    assert [line[:1] for line in lines] == ["[", "{", "{", "{", "]", ""]
    assert [json.loads(line.removesuffix(","))["state"] for line in lines[1:4]] == [
        "a\nb",
        "21.5",
        "21.5",
    ]


def test_a_row_is_written_as_the_contract_says():
    content = encode("json", [observation(unit=None, last_changed=None)])

    assert content == (
        b'[\n{"home":"villa-anna","entity_id":"sensor.kitchen_temperature","type":"sensor",'
        b'"state":"21.5","unit":null,"last_changed":null,'
        b'"last_updated":"2022-06-20T12:00:00.000000Z",'
        b'"attributes":{"device_class":"temperature","friendly_name":"Kitchen"}}\n]\n'
    )


def test_attributes_are_an_object_and_not_a_text():
    content = encode("json", [observation(attributes='{"a":[1,{"b":null}]}')])

    assert json.loads(content)[0]["attributes"] == {"a": [1, {"b": None}]}


def test_no_rows_are_an_empty_array():
    assert json.loads(encode("json")) == []


def test_no_comma_is_missing_between_batches():
    batches = [[observation(state=str(number))] for number in range(5)]

    assert [row["state"] for row in json.loads(encode("json", *batches))] == list("01234")
