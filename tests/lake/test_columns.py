"""The file lake's columns: their types, their names, and those that are derived."""

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ckanext.export.errors import LakeUnavailable
from ckanext.export.lake import open_lake
from ckanext.export.observations import codes, distinct_values
from ckanext.export.query import Query
from tests.builders import LAKE_SCHEMA, NOON, observation, write_file

DAY = date(2022, 6, 20)


def without(*names: str) -> pa.Schema:
    return pa.schema([field for field in LAKE_SCHEMA if field.name not in names])


def with_type(name: str, kind: pa.DataType) -> pa.Schema:
    return pa.schema([f.with_type(kind) if f.name == name else f for f in LAKE_SCHEMA])


def read(folder, query=Query(), **columns):  # noqa: B008 - frozen
    with open_lake(str(folder), columns).scan(query) as scan:
        return [row for batch in scan.batches() for row in batch.to_pylist()]


def write_column(folder, name, array, **options):
    """A file in which one column is this Arrow array and the others are ordinary."""
    table = pa.Table.from_pylist([observation()] * len(array), LAKE_SCHEMA)
    table = table.set_column(table.schema.get_field_index(name), name, array)
    pq.write_table(table, folder / "part.parquet", **options)


@pytest.mark.parametrize(
    ("entity", "kind"),
    [
        ("light.hall", "light"),
        ("binary_sensor.door.front", "binary_sensor"),
        ("nodot", None),
        (None, None),
        ("", None),
        (".x", ""),
    ],
)
def test_a_missing_type_is_the_part_of_the_entity_id_before_the_dot(tmp_path, entity, kind):
    write_file(tmp_path / "part.parquet", [observation(entity_id=entity)], without("type"))

    assert [row["type"] for row in read(tmp_path)] == [kind]


def test_derived_types_are_filtered(tmp_path):
    rows = [observation(entity_id=name) for name in ("light.a", "sensor.b", "lights.c", None)]
    write_file(tmp_path / "part.parquet", rows, without("type"))

    assert [row["entity_id"] for row in read(tmp_path, Query(types=("light",)))] == ["light.a"]


@pytest.mark.parametrize(
    ("attributes", "unit"),
    [
        ('{"unit_of_measurement": "°C"}', "°C"),
        ('{"unit_of_measurement": "\\u00b0C", "x": [1]}', "°C"),
        ('{"unit_of_measurement": ""}', ""),
        ('{"unit_of_measurement": null}', None),
        ('{"unit_of_measurement": 5}', None),
        ('{"x": {"unit_of_measurement": "W"}}', None),
        ('["unit_of_measurement"]', None),
        ('"unit_of_measurement"', None),
        ('{"unit_of_measurement": "W"', None),
        ("{}", None),
        ("", None),
        (None, None),
    ],
)
def test_a_missing_unit_is_the_attribute_unit_of_measurement(tmp_path, attributes, unit):
    write_file(tmp_path / "part.parquet", [observation(attributes=attributes)], without("unit"))

    assert [row["unit"] for row in read(tmp_path)] == [unit]


def test_derived_units_are_filtered(tmp_path):
    texts = ['{"unit_of_measurement":"℃"}', '{"unit_of_measurement":"W"}', "{}", None]
    rows = [observation(attributes=text, state=str(n)) for n, text in enumerate(texts)]
    write_file(tmp_path / "part.parquet", rows, without("unit"))

    assert [row["state"] for row in read(tmp_path, Query(units=("°C",)))] == ["0"]


@pytest.mark.parametrize(
    "name", ["home", "entity_id", "state", "last_changed", "last_updated", "attributes"]
)
def test_a_column_that_cannot_be_derived_is_missed_by_name(tmp_path, name):
    write_file(tmp_path / "part.parquet", [observation()], without(name))

    with pytest.raises(LakeUnavailable, match=f"'{name}'"):
        read(tmp_path)


def test_all_missing_columns_are_named(tmp_path):
    write_file(tmp_path / "part.parquet", [observation()], without("home", "state"))

    with pytest.raises(LakeUnavailable, match=r"'home', 'state'"):
        read(tmp_path)


def test_a_type_cannot_be_derived_from_a_missing_entity_id(tmp_path):
    write_file(tmp_path / "part.parquet", [observation()], without("type", "entity_id"))

    with pytest.raises(LakeUnavailable, match="'entity_id'"):
        read(tmp_path)


def test_columns_may_have_other_names(tmp_path):
    own = {
        "home": "house uuid",
        "entity_id": "Entität",
        "type": "domain",
        "unit": "u.m",
        "last_updated": "time",
    }
    row = {own.get(name, name): value for name, value in observation().items()}
    schema = pa.schema([field.with_name(own.get(field.name, field.name)) for field in LAKE_SCHEMA])
    write_file(tmp_path / "part.parquet", [row], schema)

    assert read(tmp_path, Query(DAY, DAY, ("sensor",), ("°C",)), **own) == [observation()]


def test_one_own_column_may_serve_two(tmp_path):
    write_file(tmp_path / "part.parquet", [observation()], without("last_changed"))

    assert read(tmp_path, last_changed="last_updated") == [observation()]


def test_an_own_name_that_is_missing_is_named(tmp_path):
    write_file(tmp_path / "part.parquet", [observation()])

    with pytest.raises(LakeUnavailable, match="'house'"):
        read(tmp_path, home="house")


def test_further_columns_are_left_alone(tmp_path):
    schema = LAKE_SCHEMA.append(pa.field("secret", pa.list_(pa.int64())))
    write_file(tmp_path / "part.parquet", [observation(secret=[1, 2])], schema)

    assert read(tmp_path) == [observation()]


def test_the_order_of_columns_does_not_matter(tmp_path):
    write_file(tmp_path / "part.parquet", [observation()], pa.schema(list(LAKE_SCHEMA)[::-1]))

    assert read(tmp_path) == [observation()]


@pytest.mark.parametrize("name", ["home", "entity_id", "type", "state", "unit", "attributes"])
@pytest.mark.parametrize(
    "kind",
    [
        pa.large_string(),
        pa.string_view(),
        pa.dictionary(pa.int32(), pa.string()),
        pa.dictionary(pa.int8(), pa.string()),
        pa.dictionary(pa.int32(), pa.string(), ordered=True),
        pa.dictionary(pa.int32(), pa.large_string()),
        pa.binary(),
    ],
    ids=str,
)
def test_texts_may_be_stored_in_many_ways(tmp_path, name, kind):
    texts = pa.array([observation()[name], None, observation()[name]]).cast(kind)
    write_column(tmp_path, name, texts)

    assert [row[name] for row in read(tmp_path)] == [observation()[name], None, observation()[name]]


@pytest.mark.parametrize(
    "kind", [pa.large_string(), pa.dictionary(pa.int32(), pa.string()), pa.binary()], ids=str
)
@pytest.mark.parametrize("name", ["type", "unit"])
def test_types_and_units_are_filtered_however_they_are_stored(tmp_path, kind, name):
    write_column(tmp_path, name, pa.array([observation()[name], None, "other"]).cast(kind))

    assert len(read(tmp_path, Query(types=("sensor",), units=("°C",)))) == 1


@pytest.mark.parametrize(
    ("array", "texts"),
    [
        (pa.array([1, None, -7]), ["1", None, "-7"]),
        (pa.array([True, None, False]), ["true", None, "false"]),
        (pa.array([3, None, 2], pa.uint8()), ["3", None, "2"]),
        (pa.array([3, None, 3]).dictionary_encode(), ["3", None, "3"]),
        (pa.nulls(3), [None, None, None]),
    ],
    ids=lambda value: str(value.type) if isinstance(value, pa.Array) else "",
)
def test_states_that_are_no_texts_are_written_as_text(tmp_path, array, texts):
    write_column(tmp_path, "state", array)

    assert [row["state"] for row in read(tmp_path)] == texts


def test_states_that_are_floats_keep_their_value(tmp_path):
    numbers = [21.5, -0.1, 1e-9, 123456789.125, 1e300, None]
    write_column(tmp_path, "state", pa.array(numbers))

    found = [row["state"] for row in read(tmp_path)]
    assert [text if text is None else float(text) for text in found] == numbers


def test_a_column_that_is_no_text_is_named(tmp_path):
    write_column(tmp_path, "state", pa.array([[1, 2]]))

    with pytest.raises(LakeUnavailable, match="'state'"):
        read(tmp_path)


@pytest.mark.parametrize("name", ["last_changed", "last_updated"])
def test_a_column_that_is_no_time_is_named(tmp_path, name):
    write_column(tmp_path, name, pa.array(["yesterday"]))

    with pytest.raises(LakeUnavailable, match=f"'{name}'"):
        read(tmp_path)


TOKYO = timezone(timedelta(hours=9))


@pytest.mark.parametrize(
    "array",
    [
        pa.array([NOON], pa.timestamp("us", "UTC")),
        pa.array([NOON.replace(tzinfo=None)], pa.timestamp("us")),
        pa.array([NOON.replace(tzinfo=None)], pa.timestamp("ms")),
        pa.array([NOON.replace(tzinfo=None)], pa.timestamp("ns")),
        pa.array([NOON], pa.timestamp("ms", "UTC")),
        pa.array([NOON], pa.timestamp("ns", "UTC")),
        pa.array([NOON.astimezone(TOKYO)], pa.timestamp("us", "Asia/Tokyo")),
        pa.array([NOON.astimezone(ZoneInfo("Europe/London"))], pa.timestamp("ns", "Europe/London")),
        pa.array([NOON], pa.timestamp("us", "+05:30")),
        pa.array([NOON.isoformat()]),
        pa.array([NOON.astimezone(TOKYO).isoformat()]),
    ],
    ids=lambda array: f"{array.type}-{array[0]}",
)
@pytest.mark.parametrize("name", ["last_changed", "last_updated"])
def test_times_are_utc_however_they_are_stored(tmp_path, name, array):
    write_column(tmp_path, name, array)

    assert [row[name] for row in read(tmp_path, Query(DAY, DAY))] == [NOON]


def test_times_as_spark_wrote_them_long_ago_are_read(tmp_path):
    write_column(
        tmp_path,
        "last_updated",
        pa.array([NOON], pa.timestamp("ns", "UTC")),
        use_deprecated_int96_timestamps=True,
    )

    assert [row["last_updated"] for row in read(tmp_path, Query(DAY, DAY))] == [NOON]


def test_nanoseconds_are_cut_off(tmp_path):
    instant = 1_655_726_400_198_578_999
    write_column(tmp_path, "last_updated", pa.array([instant], pa.timestamp("ns", "UTC")))

    found = read(tmp_path, Query(DAY, DAY))

    assert [row["last_updated"] for row in found] == [NOON.replace(microsecond=198578)]


def test_the_last_nanosecond_of_a_day_is_in_that_day(tmp_path):
    midnight = int(datetime(2022, 6, 21, tzinfo=UTC).timestamp()) * 10**9
    write_column(
        tmp_path, "last_updated", pa.array([midnight - 1, midnight], pa.timestamp("ns", "UTC"))
    )

    assert len(read(tmp_path, Query(DAY, DAY))) == 1


@pytest.mark.parametrize(
    ("unit", "ticks"),
    [
        ("us", 316_000_000_000_000_000),  # year 11983
        ("us", -220_000_000_000_000_000),  # 5001 before Christ
        ("ms", 316_000_000_000_000),
        ("ms", 18_446_744_073_709_552_000 // 1000 + 1_655_726_400_000),  # 2022 + 2**64 µs
    ],
)
def test_a_time_of_no_year_from_1_to_9999_is_never_read_as_another(tmp_path, unit, ticks):
    write_column(tmp_path, "last_updated", pa.array([ticks], pa.timestamp(unit, "UTC")))

    try:
        with open_lake(str(tmp_path)).scan(Query(date.min, date.max)) as scan:
            found = [
                instant
                for batch in scan.batches()
                for instant in batch.column("last_updated").cast(pa.int64()).to_pylist()
            ]
        assert set(found) <= {ticks * {"us": 1, "ms": 1000}[unit]}
    except LakeUnavailable as error:
        assert "time" in error.detail  # noqa: PT017 - either is right


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()], ids=str)
@pytest.mark.parametrize("name", ["home", "entity_id", "state", "unit", "attributes"])
def test_bytes_that_are_no_utf_8_become_replacement_characters(tmp_path, kind, name):
    texts = pa.array([b"ok", b"a\xffb", b"\xc3", "é".encode()], pa.binary())
    wide = texts.cast(pa.large_binary()) if kind == pa.large_string() else texts
    write_column(tmp_path, name, wide.view(kind))

    with open_lake(str(tmp_path)).scan(Query()) as scan:
        (batch,) = scan.batches()

    column = batch.column(name)
    found = [distinct_values(column)[place] for place in codes(column)]
    assert found == ["ok", "a\ufffdb", "\ufffd", "é"]
