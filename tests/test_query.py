"""The filters of the contract: arrays, dates, and what is refused."""

from datetime import UTC, date, datetime

import pytest

from ckanext.export.errors import BadDate, BadParameter, UnsupportedFormat
from ckanext.export.formats import find_format, find_formats
from ckanext.export.query import Query, compatible, split_list

NO_DAYS = [
    "2022-02-30",
    "2022-6-1",
    "20220601",
    "yesterday",
    "\uff12\uff10\uff12\uff12-06-01",  # full-width digits
    "٢٠٢٢-٠٦-٠١",
    "0000-01-01",
    "2022-13-01",
    "2022-00-10",
    "2023-02-29",
    "2022-06-01T00:00:00Z",
    "2022-W22-3",
    " 2022-06-01",
    "2022-06-01\n",
    "+2022-06-01",
    "10000-01-01",
    "2022/06/01",
    "01-06-2022",
    "2022-06-01,2022-06-02",
    " ",
    "\x00",
    "'; DROP TABLE observations; --",
]


def test_no_parameter_filters_nothing():
    assert Query.parse({}) == Query(None, None, (), ())


@pytest.mark.parametrize("name", ["date_from", "date_to"])
@pytest.mark.parametrize("text", ["2022-06-01", "2024-02-29", "0001-01-01", "9999-12-31"])
def test_a_day_that_exists_is_taken(name, text):
    year, month, day = map(int, text.split("-"))

    assert getattr(Query.parse({name: [text]}), name) == date(year, month, day)


@pytest.mark.parametrize("name", ["date_from", "date_to"])
@pytest.mark.parametrize("text", NO_DAYS)
def test_what_is_no_day_is_a_bad_date_that_names_parameter_value_and_form(name, text):
    with pytest.raises(BadDate) as caught:
        Query.parse({name: [text]})

    assert caught.value.status == 400
    assert caught.value.title == "Bad date format"
    assert caught.value.members["parameter"] == name
    assert caught.value.members["value"] == text
    assert name in caught.value.detail
    assert "yyyy-mm-dd" in caught.value.detail


@pytest.mark.parametrize("name", ["date_from", "date_to", "types", "units"])
def test_an_empty_value_is_no_value(name):
    assert Query.parse({name: [""]}) == Query()


@pytest.mark.parametrize("second", ["2022-06-02", "2022-06-01"])
@pytest.mark.parametrize("name", ["date_from", "date_to"])
def test_a_date_given_twice_is_refused(name, second):
    with pytest.raises(BadParameter) as caught:
        Query.parse({name: ["2022-06-01", second]})

    assert caught.value.members["parameter"] == name


def test_an_empty_date_beside_a_given_one_does_not_count():
    assert Query.parse({"date_to": ["", "2022-06-01"]}).date_to == date(2022, 6, 1)


def test_date_from_after_date_to_is_refused():
    with pytest.raises(BadParameter) as caught:
        Query.parse({"date_from": ["2022-06-02"], "date_to": ["2022-06-01"]})

    assert caught.value.members["parameter"] == "date_from"
    assert "2022-06-02" in caught.value.detail
    assert "2022-06-01" in caught.value.detail


def test_one_day_is_a_period():
    day = ["2022-06-02"]

    assert Query.parse({"date_from": day, "date_to": day}).date_from == date(2022, 6, 2)


@pytest.mark.parametrize("name", ["type", "Types", "date-from", "datefrom", "limit", ""])
def test_an_unknown_parameter_is_refused_by_name(name):
    with pytest.raises(BadParameter) as caught:
        Query.parse({name: ["x"], "types": ["sensor"]})

    assert caught.value.members["parameter"] == name
    assert caught.value.members["accepted"] == ["date_from", "date_to", "types", "units"]


@pytest.mark.parametrize(
    ("values", "parsed"),
    [
        (["sensor", "light"], ("sensor", "light")),
        (["sensor,light"], ("sensor", "light")),
        (["sensor,light", "climate"], ("sensor", "light", "climate")),
        ([" sensor ,\tlight\n"], ("sensor", "light")),
        (["sensor,,light,"], ("sensor", "light")),
        ([",", " , ", ""], ()),
        (["sensor", "sensor,light", "light"], ("sensor", "light")),
        (["Sensor", "sensor"], ("Sensor", "sensor")),
    ],
)
@pytest.mark.parametrize("name", ["types", "units"])
def test_arrays_are_repeated_comma_separated_or_both(name, values, parsed):
    assert getattr(Query.parse({name: values}), name) == parsed


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("\u00b5g/m³", "\u03bcg/m³"),  # micro sign, Greek mu
        ("\u03a9", "\u2126"),  # Greek omega, ohm sign
        ("\u2103", "°C"),
        ("\u2109", "°F"),
        ("K", "\u212a"),  # Kelvin sign
        ("m²", "m2"),
        ("\uff05", "%"),  # full-width
    ],
)
def test_compatible_units_are_the_same(one, other):
    assert compatible(one) == compatible(other)


@pytest.mark.parametrize(("one", "other"), [("°C", "°c"), ("mW", "MW"), ("°C", "C"), ("W", "Wh")])
def test_other_units_differ(one, other):
    assert compatible(one) != compatible(other)


def test_a_period_begins_with_its_first_day_and_ends_after_its_last():
    query = Query(date(2022, 6, 1), date(2022, 6, 30))

    assert query.begin == datetime(2022, 6, 1, tzinfo=UTC)
    assert query.end == datetime(2022, 7, 1, tzinfo=UTC)


def test_the_last_day_of_the_calendar_has_no_end():
    assert Query(date_to=date.max).end is None


def test_a_query_can_be_asked_again_by_its_parameters():
    query = Query(date(2022, 6, 1), date(2022, 6, 2), ("sensor", "light"), ("°C", "%"))
    parameters: dict[str, list[str]] = {}
    for name, value in query.parameters():
        parameters.setdefault(name, []).append(value)

    assert Query.parse(parameters) == query


def test_fingerprints_are_eight_hexadecimal_digits_that_differ():
    queries = [
        Query(),
        Query(date_from=date(2022, 6, 1)),
        Query(date_to=date(2022, 6, 1)),
        Query(types=("sensor",)),
        Query(units=("sensor",)),
        Query(types=("sensor", "light")),
    ]
    prints = {query.fingerprint(formats) for query in queries for formats in ("csv", "json")}

    assert len(prints) == 2 * len(queries)
    assert all(len(text) == 8 and int(text, 16) >= 0 for text in prints)


def test_an_endless_wrong_value_is_not_repeated_in_full():
    with pytest.raises(BadDate) as caught:
        Query.parse({"date_from": ["9" * 100_000]})

    assert len(caught.value.detail) < 300


@pytest.mark.parametrize("name", ["csv", "CSV", "cSv"])
def test_formats_are_found_in_any_case(name):
    assert find_format(name).name == "csv"


@pytest.mark.parametrize("name", ["pdf", "csv;drop", "\x00", "", "csv ", "dataset", "İ", "../csv"])
def test_an_unknown_format_is_refused_with_what_was_asked_and_what_is_accepted(name):
    with pytest.raises(UnsupportedFormat) as caught:
        find_format(name)

    assert caught.value.status == 400
    assert caught.value.title == "Unsupported exportation format"
    assert caught.value.members["value"] == name
    assert {"csv", "json", "xml"} <= set(caught.value.members["accepted"])


def test_formats_count_once_in_the_order_of_the_request():
    found = find_formats(["xml,CSV", "csv", " json ,XML"])

    assert [kind.name for kind in found] == ["xml", "csv", "json"]


@pytest.mark.parametrize("values", [[], [""], [" , "]])
def test_formats_are_required(values):
    with pytest.raises(BadParameter) as caught:
        find_formats(values)

    assert caught.value.members["parameter"] == "formats"


def test_a_wrong_one_among_formats_is_refused():
    with pytest.raises(UnsupportedFormat) as caught:
        find_formats(["csv,pdf"])

    assert caught.value.members["parameter"] == "formats"


def test_hundreds_of_values_are_kept():
    assert len(split_list([",".join(f"u{number}" for number in range(700))])) == 700
