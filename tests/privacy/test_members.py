"""Attributes texts are judged together, by their members, as if each were judged on its own."""

import json
import re

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ckanext.export.privacy.attributes import Attributes, Judge
from ckanext.export.privacy.members import cut
from tests.builders import policy

NAMES = ("brightness", "color_mode", "effect_list", "temperature")
POLICY = policy(attributes=NAMES, text_mode="known")
DEEPEST = 4  # lists and objects in each other

names = st.sampled_from((*NAMES, "friendly_name", "")) | st.text(max_size=6)
plain = st.integers(-999, 999) | st.booleans() | st.none() | st.sampled_from(("on", "off", "heat"))
values = st.recursive(
    plain | st.text(max_size=12) | st.sampled_from(['"', "\\", '\\"', "}", "{", "],[", ',"on":"']),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=6,
)
objects = st.dictionaries(names, values, max_size=5)


@st.composite
def texts(draw):
    """JSON as several programs write it; often with a mistake in it."""
    tight = draw(st.booleans())
    text = json.dumps(
        draw(objects | values),
        ensure_ascii=draw(st.booleans()),
        separators=(",", ":") if tight else None,
    )
    if draw(st.integers(0, 3)) == 0:
        place = draw(st.integers(0, len(text)))
        text = text[:place] + draw(st.sampled_from([*'{}[],:" \\', "", "\n"])) + text[place + 1 :]
    return text


class SeveralTimes(Exception):
    """A name stands twice in one object."""


def once(pairs):
    if len(dict(pairs)) < len(pairs):
        raise SeveralTimes
    return dict(pairs)


def forbidden(name):
    raise ValueError(name)


def expected(text):
    """What may leave, by Python's own parser and the words of the rule."""
    try:
        known = json.loads(text, object_pairs_hook=once, parse_constant=forbidden)
        json.dumps(known, ensure_ascii=False).encode()  # halves of a character are no text
    except ValueError:
        return {}
    return left(known) if isinstance(known, dict) else {}


def left(known, depth=0):
    kept = {name: harmless(known[name], depth + 1) for name in known if name in NAMES}
    return {name: value for name, value in kept.items() if value != ()}


def harmless(value, depth):
    if isinstance(value, str):
        return value if POLICY.knows_value(value) else ()
    if depth == DEEPEST:
        return ()
    if isinstance(value, list):
        items = [harmless(item, depth + 1) for item in value]
        return () if () in items else items
    if isinstance(value, dict):
        return left(value, depth) or ()
    return value


def published(given):
    return Attributes(POLICY).publishable(pa.array(given, pa.string())).to_pylist()


@settings(max_examples=400, deadline=None)
@given(st.lists(texts() | st.none(), min_size=1, max_size=8))
def test_texts_that_are_judged_together_do_not_change_each_other(given):
    answers = published(given)

    assert len(answers) == len(given)
    for text, answer in zip(given, answers, strict=True):
        try:
            wanted = expected(text or "{}")
        except SeveralTimes:
            continue
        assert json.loads(answer) == wanted, text


digits = st.from_regex(r"\A[0-9]{1,18}\Z") | st.from_regex(r"\A[0-9]{0,4}(0{3,14}|9{3,14})[0-9]?\Z")
numbers = st.from_regex(r"\A-?(0|[1-9][0-9]{0,6})\Z") | st.builds(
    "{}.{}{}".format,
    st.from_regex(r"\A-?(0|[1-9][0-9]{0,11})\Z"),
    digits,
    st.sampled_from(["", "", "", "e3", "E-2", "e+0"]),
)
SHORT = ("\\d{1,3}[.]\\d{1,3}", "\\d{1,6}", "\\d{4}[.]\\d\\d?", "\\d{5}[.]\\d")


@settings(max_examples=1500, deadline=None)
@given(numbers, st.booleans(), st.booleans(), st.sampled_from(["brightness", "other"]))
def test_a_number_leaves_where_it_is_short_however_it_is_written(number, blank, before, name):
    gap = " " * blank
    first = f'"color_mode":"on",{gap}' * before
    [answer] = published([f'{{{first}"{name}":{gap}{number}}}'])

    value = json.loads(number)
    short = any(re.fullmatch(f"-?{form}", repr(value), re.ASCII) for form in SHORT)
    wanted = {"color_mode": "on"} if before else {}
    if short and name == "brightness":
        wanted["brightness"] = value
    assert answer == json.dumps(wanted, separators=(",", ":"))


@pytest.mark.parametrize("text", ['{"brightness":5,}', '{,"brightness":5}', '{ ,"brightness":5}'])
def test_what_is_no_json_for_a_comma_leaves_as_nothing(text):
    assert published([text]) == ["{}"]


@pytest.mark.parametrize("text", ['{"":5}', "{:5}", '{"a":5}', '{"x":1,"":5}'])
def test_no_number_leaves_where_no_name_may(text):
    rule = Attributes(policy(attributes=()))

    assert rule.publishable(pa.array([text])).to_pylist() == ["{}"]


def test_a_number_of_an_odd_name_leaves_only_where_that_is_its_name():
    rule = Attributes(policy(attributes=('a"b', "c|d", "é.")))
    given = ['{"a\\"b":1,"c|d":2,"é.":3}', '{"c":4,"d":5,"éx":6,"a":7}', '{"a"b":8}']

    assert rule.publishable(pa.array(given)).to_pylist() == [given[0], "{}", "{}"]


def test_members_of_many_texts_are_judged_once(monkeypatch):
    asked = []
    member = Judge.member
    monkeypatch.setattr(
        Judge, "member", lambda self, text: (asked.append(text), member(self, text))[1]
    )
    given = [
        f'{{"brightness":[{number % 10}],"temperature":[{number % 7}]}}' for number in range(70)
    ]

    assert published(given) == given
    assert sum(text is not None for text in asked) == 17


@pytest.mark.parametrize(
    "name", ["Kitchen, left", "Heating [ground floor]", 'The "big" one', "a\\b"]
)
def test_a_text_with_signs_in_its_words_is_judged_by_its_members(monkeypatch, name):
    asked = []
    monkeypatch.setattr(Judge, "object", lambda self, text: asked.append(text))

    assert published([json.dumps({"friendly_name": name, "brightness": 5})]) == ['{"brightness":5}']
    assert asked == []


@pytest.mark.parametrize("start", [0, 1, 5])
def test_a_slice_of_an_array_is_cut_like_the_array(start):
    given = ['{"a":1,"b":[1,2]}', "", '{"c":"x,y"}', "no", "{}", '{"d":{"e":1,"f":2},"g":"\\","}']
    some = pa.array(given, pa.string())[start:]

    parts = cut(some)

    assert parts.regular.tolist() == [text.startswith("{") for text in given[start:]]
    whole = [text for text in given[start:] if text.startswith("{")]
    pieces = parts.members.to_pylist()
    borders = parts.borders.tolist()
    assert ["".join(pieces[a:b]) + "}" for a, b in zip(borders, borders[1:], strict=False)] == whole
