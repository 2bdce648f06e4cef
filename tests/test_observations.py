"""Functions on distinct texts: what they are asked, and that their answers reach the right rows."""

import pyarrow as pa
import pytest

from ckanext.export import observations
from ckanext.export.observations import Rewritten, each, mapped


@pytest.fixture
def asked():
    return []


@pytest.fixture
def shout(asked):
    def function(text):
        asked.append(text)
        return "NOTHING" if text is None else text.upper()

    return function


def column(*texts):
    return pa.array(texts, pa.string()).dictionary_encode()


def test_answers_stand_where_their_texts_stood(shout):
    given = column("a", None, "b", "a", "1", None)

    assert mapped(given, Rewritten(each(shout))).to_pylist() == [
        "A",
        "NOTHING",
        "B",
        "A",
        "1",
        "NOTHING",
    ]


def test_a_text_is_asked_once_in_many_batches(shout, asked):
    function = Rewritten(each(shout))

    found = [mapped(column(*texts), function).to_pylist() for texts in ("aba", "cab", "dda", "bcd")]

    assert found == [list("ABA"), list("CAB"), list("DDA"), list("BCD")]
    assert sorted(filter(None, asked)) == ["a", "b", "c", "d"]


def test_plain_texts_are_not_asked_and_stay(shout, asked):
    function = Rewritten(each(shout), plain="[a-c]+")

    assert mapped(column("abc", "abcd", "", "cc\n", "b"), function).to_pylist() == [
        "abc",
        "ABCD",
        "",
        "CC\n",
        "b",
    ]
    assert sorted(set(asked) - {None}) == ["", "abcd", "cc\n"]


def test_what_is_forgotten_is_asked_again(shout, asked, monkeypatch):
    monkeypatch.setattr(observations, "_REMEMBERED", 40)
    function = Rewritten(each(shout))

    for number in range(50):
        texts = [f"text {number}", f"text {number + 1}", "same"]
        assert mapped(column(*texts), function).to_pylist() == [text.upper() for text in texts]

    assert len(asked) < 110
    assert function._known.nbytes < 200


def test_texts_that_come_again_after_many_that_did_not_are_remembered(shout, asked, monkeypatch):
    monkeypatch.setattr(observations, "_REMEMBERED", 40)
    monkeypatch.setattr(observations, "_FEW", 1)
    function = Rewritten(each(shout))

    for letter in "abcccc":
        texts = [f"{letter} {number}" for number in range(10)]
        assert mapped(column(*texts), function).to_pylist() == [text.upper() for text in texts]

    assert len(list(filter(None, asked))) == 10 + 10 + 10 + 9


def test_a_null_in_a_dictionary_is_a_null(shout):
    given = pa.DictionaryArray.from_arrays([0, 1, None, 0], pa.array(["x", None]))

    assert mapped(given, Rewritten(each(shout))).to_pylist() == ["X", "NOTHING", "NOTHING", "X"]


def test_bytes_that_are_no_text_are_asked_with_replacement_characters(shout):
    raw = pa.array([b"ok", b"\xff\xfe"], pa.binary()).view(pa.string())
    given = pa.DictionaryArray.from_arrays([0, 1, 1], raw)

    assert mapped(given, Rewritten(each(shout), plain="[x]+")).to_pylist() == [
        "OK",
        *["\ufffd" * 2] * 2,
    ]
