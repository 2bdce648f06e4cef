"""Attributes in the notation of Java's maps."""

import json

import pytest

from ckanext.export.lake.java_map import attributes_as_json


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("{unit_of_measurement=°C, friendly_name=Kitchen}", {"unit_of_measurement": "°C"}),
        ("{friendly_name=Kitchen, by the window}", {"friendly_name": "Kitchen, by the window"}),
        ("{friendly_name=Lamp = the old one, on=true}", {"friendly_name": "Lamp = the old one"}),
        ("{a=/api?token=b&x=1, b=2}", {"a": "/api?token=b&x=1", "b": 2}),
        ("{Display name=x, Last Update=2022-06-20 12:00}", {"Last Update": "2022-06-20 12:00"}),
        ("{a=, b=}", {"a": "", "b": ""}),
        ("{a=null, b=true, c=false}", {"a": None, "b": True, "c": False}),
        ("{a=254, b=-1.5, c=1.0E10, d=0}", {"a": 254, "b": -1.5, "c": 1e10, "d": 0}),
        ("{a=007, b=NaN, c=1., d=.5}", {"a": "007", "b": "NaN", "c": "1.", "d": ".5"}),
        ("{a=12345678901234567890}", {"a": "12345678901234567890"}),
        ("{a=[1, x, [2.5, null]], b=[]}", {"a": [1, "x", [2.5, None]], "b": []}),
        ("{a={b=1, c={}}, d=2}", {"a": {"b": 1, "c": {}}, "d": 2}),
        ("{a=[{b=1, c=x}, {b=2}], d=3}", {"a": [{"b": 1, "c": "x"}, {"b": 2}], "d": 3}),
        ("{a=[x, b=1}", {"a": "[x", "b": 1}),
        ("{a=[b, c] and more, d=1}", {"a": "[b, c] and more", "d": 1}),
        ("{a=[b], [c], d=1}", {"a": "[b], [c]", "d": 1}),
        ("{a=Lamp {old, b=[1]}", {"a": "Lamp {old", "b": [1]}),
        ("{a=]}b, c=1}", {"a": "]}b", "c": 1}),
        ('{a="x"\n, b=\U0001f6aa}', {"a": '"x"\n', "b": "\U0001f6aa"}),
    ],
)
def test_a_map_is_read(text, meaning):
    read = json.loads(attributes_as_json(text))

    assert {name: read[name] for name in meaning} == meaning


def test_attributes_that_are_text_by_their_meaning_stay_text():
    text = "{unit_of_measurement=1, friendly_name=42, device_class=null, icon=true}"

    assert json.loads(attributes_as_json(text)) == {
        "unit_of_measurement": "1",
        "friendly_name": "42",
        "device_class": None,
        "icon": "true",
    }


@pytest.mark.parametrize("name", ["address", "Home address", "home [own]", "x ", " x", "{x", ""])
def test_no_attribute_hides_in_the_value_of_another(name):
    read = json.loads(attributes_as_json(f"{{device_class=door, {name}=Tall Lane 7}}"))

    assert read == {"device_class": "door", name: "Tall Lane 7"}


@pytest.mark.parametrize(
    "text",
    ['{"a": 1}', '{ "a": [1, 2] }', "{}", "[1]", "", None, "{", "{x}", "{a=b", "x", "{x, a=b}"],
)
def test_what_is_no_map_stays_as_it_is(text):
    assert attributes_as_json(text) == text


@pytest.mark.parametrize(
    "text",
    ["{a=" + "[" * 99_999 + "]" * 99_999 + "}", "{" + "a={" * 60_000 + "}" * 60_001],
    ids=["lists", "maps"],
)
def test_what_is_nested_without_end_becomes_text(text):
    assert json.loads(attributes_as_json(text))
