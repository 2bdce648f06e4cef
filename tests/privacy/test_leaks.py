"""What must not be anywhere in an archive, whatever the format and whatever the lake holds."""

import pyarrow as pa
import pytest

from ckanext.export.errors import EmptyDataset, TooFewHomes
from ckanext.export.query import Query
from tests.builders import (
    HOMES,
    LAKE_SCHEMA,
    data,
    export,
    export_rows,
    in_every_home,
    members,
    observation,
    open_files_below,
    policy,
    read_csv,
    read_json,
    some_rows,
    write_lake,
)
from tests.readers import read_xml

FORMATS = ("csv", "json", "xml", "jsonl", "tsv", "parquet", "xlsx")
SECRETS = [
    *HOMES,
    "person.anna",
    "Anna",
    "at-home-now",
    "53.76",
    "anna@example.org",
    "00:1a:2b:3c:4d:5e",
    "2001:db8:0:0:1:0:0:1",
    "192.168.1.17",
    "a key of the tests",
]


def secretive_rows():
    return in_every_home(
        observation(),
        observation(entity_id="person.anna", type="person", state="at-home-now"),
        observation(entity_id="person.anna", type="sensor", state="at-home-now"),
        observation(entity_id="sensor.anna", type="person", state="at-home-now"),
        observation(entity_id="device_tracker.p", type="device_tracker", state="at-home-now"),
        observation(attributes='{"friendly_name":"Anna","latitude":53.76,"device_class":"x"}'),
        observation(attributes='{"device_class":{"who":"Anna"}}'),
        observation(attributes='{"device_class":"Anna'),
        observation(state="anna@example.org"),
        observation(state="00:1a:2b:3c:4d:5e"),
        observation(state="2001:db8:0:0:1:0:0:1"),
        observation(state="192.168.1.17"),
        observation(state="53.7676, -0.3274"),
    )


@pytest.mark.parametrize("without", [None, "type", "unit"])
def test_no_secret_of_the_lake_is_anywhere_in_the_archive(tmp_path, without):
    schema = pa.schema([field for field in LAKE_SCHEMA if field.name != without])
    rows = [
        row  # only the type column knows that such an entity is private
        for row in secretive_rows()
        if without != "type" or row["entity_id"] != "sensor.anna"
    ]
    archive = export(write_lake(tmp_path, rows, schema), *FORMATS)

    for name, content in members(archive).items():
        for secret in SECRETS:
            assert secret.encode() not in content, f"{secret} is in {name}"
            assert secret not in name


def test_what_is_not_secret_is_there(tmp_path):
    rows = export_rows(write_lake(tmp_path, secretive_rows()))

    assert len(rows) == 9 * len(HOMES)
    assert {row["type"] for row in rows} == {"sensor"}
    assert {row["state"] for row in rows} == {"21.5", None}


def test_pseudonyms_are_the_same_in_all_formats_and_exports(tmp_path):
    lake = write_lake(tmp_path, some_rows())
    archive = export(lake, *FORMATS)

    homes = [
        [row["home"] for row in read(data(archive, extension))]
        for extension, read in (("csv", read_csv), ("json", read_json), ("xml", read_xml))
    ]
    assert homes[0] == homes[1] == homes[2]
    assert [row["home"] for row in export_rows(lake)] == homes[0]
    assert len(set(homes[0])) == len(HOMES)


def test_pseudonyms_keep_the_observations_of_a_home_together(tmp_path):
    rows = some_rows()
    found = export_rows(write_lake(tmp_path, rows))

    pairs = {(row["home"], new["home"]) for row, new in zip(rows, found, strict=True)}
    assert len(pairs) == len(HOMES)


def test_another_key_gives_other_pseudonyms(tmp_path):
    lake = write_lake(tmp_path, some_rows())

    one = {row["home"] for row in export_rows(lake)}
    other = {row["home"] for row in export_rows(lake, policy=policy(key=b"x" * 32))}
    assert one.isdisjoint(other)


@pytest.mark.parametrize("formats", [("csv",), FORMATS])
def test_too_few_homes_are_refused_before_the_first_byte_without_a_number(tmp_path, formats):
    lake = write_lake(tmp_path, some_rows())

    with pytest.raises(TooFewHomes) as caught:
        export(lake, *formats, policy=policy(min_homes=5))

    assert caught.value.status == 403
    assert caught.value.title == "Too few homes"
    assert not any(sign.isdigit() for sign in caught.value.detail)
    assert caught.value.members == {}
    assert open_files_below(lake) == []


def test_just_enough_homes_are_exported(tmp_path):
    assert export_rows(write_lake(tmp_path, some_rows()), policy=policy(min_homes=4))


def test_only_homes_whose_observations_leave_are_counted(tmp_path):
    rows = [observation(home=HOMES[0]), observation(home=HOMES[1])]
    rows += [observation(home=f"more {n}", entity_id="person.x") for n in range(9)]
    rows += [observation(home=None) for _ in range(9)]

    with pytest.raises(TooFewHomes):
        export(write_lake(tmp_path, rows))


@pytest.mark.parametrize(
    "query", [Query(units=("W",)), Query(types=("light",)), Query(units=("w", "W"))]
)
def test_homes_are_counted_under_the_filters(tmp_path, query):
    rows = [*some_rows(), *in_every_home(observation(unit=None))]
    rows = [
        row | {"home": HOMES[0]} if row["unit"] == "W" or row["type"] == "light" else row
        for row in rows
    ]

    with pytest.raises(TooFewHomes):
        export(write_lake(tmp_path, rows), query=query)


def test_one_home_is_exported_where_the_portal_says_so(tmp_path):
    rows = export_rows(write_lake(tmp_path, [observation()]), policy=policy(min_homes=1))

    assert len(rows) == 1


def test_nothing_is_left_when_only_private_types_are_asked_for(tmp_path):
    lake = write_lake(tmp_path, secretive_rows())

    with pytest.raises(EmptyDataset):
        export(lake, query=Query(types=("person", "device_tracker")))


def test_nothing_is_left_when_all_homes_are_unknown(tmp_path):
    with pytest.raises(EmptyDataset):
        export(write_lake(tmp_path, [observation(home=None)] * 5))


def test_private_types_in_a_query_are_left_out_of_it(tmp_path):
    lake = write_lake(tmp_path, [*some_rows(), *secretive_rows()])

    rows = export_rows(lake, query=Query(types=("person", "light")))
    assert {row["type"] for row in rows} == {"light"}
