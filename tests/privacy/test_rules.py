"""What may leave: pseudonyms, types, attributes and states. The rules fail closed."""

import json
import re
from datetime import timedelta
from itertools import repeat

import pyarrow as pa
import pytest

from ckanext.export.batches import regroup
from ckanext.export.errors import EmptyDataset
from ckanext.export.privacy import Protection, times
from ckanext.export.privacy.policy import TIMES as STEPS
from ckanext.export.privacy.times import in_steps
from ckanext.export.query import Query
from tests.builders import HOMES, NOON, canonical, observation, policy


def protect(*rows, **changes):
    batches = Protection(policy(**changes)).protect([canonical(rows)])
    return [row for batch in batches for row in batch.to_pylist()]


def attributes_of(text, **changes):
    return json.loads(protect(observation(attributes=text), **changes)[0]["attributes"])


def state_of(text):
    return protect(observation(state=text))[0]["state"]


def test_a_home_has_a_pseudonym_that_tells_nothing_of_it():
    (row,) = protect(observation(home="villa-anna"))

    assert "villa" not in row["home"]
    assert "anna" not in row["home"]
    assert re.fullmatch(r"home-[0-9a-f]{24}", row["home"])


def test_different_homes_have_different_pseudonyms():
    rows = protect(*(observation(home=f"home {number}") for number in range(5000)))

    assert len({row["home"] for row in rows}) == 5000


def test_a_home_has_the_same_pseudonym_in_every_batch_and_export():
    first, second = protect(observation(), observation(state="other"))
    (third,) = protect(observation(entity_id="light.x", type="light"))

    assert first["home"] == second["home"] == third["home"]


def test_another_key_gives_another_pseudonym():
    names = {protect(observation(), key=key * 20)[0]["home"] for key in (b"a", b"b", b"c")}

    assert len(names) == 3


def test_a_pseudonym_of_a_pseudonym_is_another():
    (once,) = protect(observation())
    (twice,) = protect(observation(home=once["home"]))

    assert once["home"] != twice["home"]


def test_the_key_id_tells_keys_apart_and_nothing_of_them():
    one, same, other = policy(), policy(), policy(key=b"another key of the tests")

    assert one.key_id == same.key_id != other.key_id
    assert one.key.hex()[:8] not in one.key_id
    assert len(one.key_id) == 8


@pytest.mark.parametrize("column", ["home", "entity_id", "type"])
def test_an_observation_without_home_entity_or_type_stays(column):
    rows = protect(observation(**{column: None}), observation(state="kept"))

    assert [row["state"] for row in rows] == ["kept"]


@pytest.mark.parametrize(
    "kind", ["person", "device_tracker", "zone", "toaster", "Sensor", "", " sensor"]
)
def test_only_allowed_types_leave(kind):
    assert protect(observation(type=kind, entity_id=f"{kind}.x")) == []


def test_a_type_column_cannot_vouch_for_a_private_entity():
    assert protect(observation(type="sensor", entity_id="person.anna")) == []


def test_an_entity_id_cannot_vouch_for_a_private_type():
    assert protect(observation(type="person", entity_id="sensor.anna")) == []


@pytest.mark.parametrize("entity", ["sensor", "", "person.sensor.x", ".sensor", "sensor_person.x"])
def test_an_entity_id_that_cannot_be_judged_stays(entity):
    assert protect(observation(entity_id=entity)) == []


def test_a_batch_of_which_nothing_may_leave_is_no_batch():
    rows = [observation(type="person")] * 3

    assert list(Protection(policy()).protect([canonical(rows)])) == []


def test_only_allowed_attributes_leave():
    text = '{"device_class":"x","friendly_name":"Anna","Device_Class":"y","device_class ":"z"}'

    assert attributes_of(text) == {"device_class": "x"}


@pytest.mark.parametrize(
    ("unit", "leaves"), [("°C", True), ("\u00b5g/m³", True), ("\u03bcg/m³", True), ("Anna", False)]
)
def test_a_unit_leaves_as_an_attribute_where_it_is_known(unit, leaves):
    rules = {"attributes": ("unit_of_measurement",), "text_mode": "known"}
    told = attributes_of(json.dumps({"unit_of_measurement": unit}), **rules)

    assert told == ({"unit_of_measurement": unit} if leaves else {})


def test_no_attribute_leaves_when_none_is_allowed():
    assert attributes_of('{"device_class":"x","brightness":1}', attributes=()) == {}


@pytest.mark.parametrize(
    "value",
    ["text", "", 5, -1.5, True, None, [], ["heat", "off"], [[1, 2], [3]], "°C é \U0001f321"],
)
def test_plain_values_and_lists_of_them_leave(value):
    assert attributes_of(json.dumps({"device_class": value})) == {"device_class": value}


@pytest.mark.parametrize("value", [{}, {"a": 1}, [{"a": 1}], [1, [{"a": 1}]]])
def test_objects_within_attributes_stay(value):
    text = json.dumps({"device_class": value, "brightness": 5})

    assert attributes_of(text) == {"brightness": 5}


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "not JSON",
        "{",
        '{"device_class":"x"',
        "{device_class=x, friendly_name=Anna}",
        '["device_class"]',
        '"device_class"',
        "5",
        "null",
        '{"device_class":NaN}',
        '{"device_class":"\\ud800"}',
        '{"device_class":"x"}{"friendly_name":"Anna"}',
    ],
)
def test_attributes_that_are_no_json_object_are_an_empty_one(text):
    assert attributes_of(text) == {}


@pytest.mark.parametrize("depth", [200, 300, 900, 5000])
def test_attributes_nested_without_end_stay_or_leave_but_never_end_the_export(depth):
    text = '{"device_class":' + "[" * depth + "]" * depth + ',"brightness":1}'

    assert set(attributes_of(text)) <= {"device_class", "brightness"}


def test_an_identifier_in_an_attribute_stays():
    text = json.dumps({"device_class": "anna@example.org", "hvac_modes": ["off", "10.0.0.17"]})

    assert attributes_of(text) == {}


@pytest.mark.parametrize("value", [0, -5, 999999, 0.125, 123.456, 12345.5, -21.5, True, None])
def test_short_numbers_of_attributes_keep_their_value(value):
    assert attributes_of(json.dumps({"brightness": value})) == {"brightness": value}


@pytest.mark.parametrize(
    "value", [123456.789, 1234.567, 5551234567, -1234567, 53.7676, 1.5e9, 1e-7, [53.7676, -0.3274]]
)
def test_numbers_that_may_be_a_position_or_a_telephone_stay(value):
    text = json.dumps({"brightness": value, "temperature": 21.5})

    assert attributes_of(text) == {"temperature": 21.5}


IDENTIFIERS = [
    "anna@example.org",
    "Anna Smith <anna.smith@mail.example.co.uk>",
    "mailto:anna@example.org",
    "ünï@exämple.de",
    "00:1A:2b:3c:4D:5e",
    "00-1A-2B-3C-4D-5E",
    "seen 00:1a:2b:3c:4d:5e today",
    "aabbccddeeff",
    "AA BB CC DD EE FF",
    "seen aabb.ccdd.eeff today",
    "abcdefab_cdef_abcd_efab_cdefabcdefab",
    "192.168.1.17",
    "10.0.0.1:8123",
    "at 84.16.3.250",
    "2001:0db8:85a3:0000:0000:8a2e:0370:7334",
    "2001:db8:85a3::8a2e:370:7334",
    "2001:db8::1",
    "fe80::1",
    "FE80::21A:2BFF:FE3C:4D5E%eth0",
    "https://example.org/anna",
    "rtsp://cam.local/1",
    "see http://10.0.0.1",
    "53.7676, -0.3274",
    "53.767623,-0.327412",
    "(53.7676; -0.3274)",
    "53.7676 -0.3274",
    "POINT(-0.3274 53.7676)",
    "geo:53.7676,-0.3274",
]
ORDINARY = [
    "21.5",
    "-5.2",
    "1e-5",
    "on",
    "off",
    "unavailable",
    "unknown",
    "",
    " ",
    "2022-06-20T11:46:04+00:00",
    "2022-06-20T11:46:04.198578+01:00",
    "2022-06-20 11:46:04",
    "2022-06-20",
    "11:46",
    "11:46:04",
    "1:02:03",
    "partly cloudy",
    "it is warm, 21.5, and humid, 60",
    "21,5",
    "21.5, 22.5",
    "2024.11.2",
    "v1.2.3",
    "@home",
    "a@b",
    "50 @ 60",
    "heat/cool",
    "10:30 - 11:45",
    "ratio 3:4",
    "123456789012",
    'say "hi"',
    "東京",
    "above_horizon",
    "#ff8800",
]


@pytest.mark.parametrize("text", IDENTIFIERS)
def test_a_state_that_identifies_somebody_is_withheld(text):
    assert state_of(text) is None


@pytest.mark.parametrize("text", ORDINARY)
def test_an_ordinary_state_leaves_as_it_is(text):
    assert state_of(text) == text


def test_a_withheld_state_does_not_take_its_row_away():
    (row,) = protect(observation(state="anna@example.org"))

    assert row["unit"] == "°C"


def test_a_null_state_stays_null():
    assert state_of(None) is None


def test_what_is_no_identifier_of_the_rules_is_the_same_in_every_order():
    rows = [observation(home=home, state=str(n)) for n in range(50) for home in HOMES]

    assert [row["state"] for row in protect(*rows)] == [row["state"] for row in rows]


def test_dictionaries_with_unused_values_reveal_nothing():
    batch = canonical([observation(home=home) for home in HOMES])
    (kept,) = Protection(policy()).protect([batch.slice(1, 1)])

    for name in ("home", "attributes", "entity_id"):
        texts = set(kept.column(name).dictionary.to_pylist()) - {None, "{}"}
        assert len(texts) == 1
        assert not texts & set(HOMES)


def test_batches_of_some_columns_are_protected_too():
    batch = canonical([observation(), observation(entity_id="person.anna")])
    (kept,) = Protection(policy()).protect([batch.select(["home", "entity_id"])])

    assert kept.num_rows == 1
    assert kept.schema.names == ["home", "entity_id"]


def test_bytes_that_are_no_utf_8_leave_as_replacement_characters():
    batch = canonical([observation(), observation()])
    raw = pa.array([b"a\xffb", b"ok"]).view(pa.string()).dictionary_encode()
    place = batch.schema.get_field_index("state")
    (kept,) = Protection(policy()).protect(
        [batch.set_column(place, batch.schema.field(place), raw)]
    )

    assert kept.column("state").to_pylist() == ["a\ufffdb", "ok"]


def test_a_query_is_narrowed_to_the_allowed_types():
    assert policy().narrow(Query(types=("person", "light"))).types == ("light",)
    assert policy(types=("light",)).narrow(Query()).types == ("light",)


def test_a_query_for_private_types_alone_leaves_nothing():
    with pytest.raises(EmptyDataset):
        policy().narrow(Query(types=("person", "zone")))


@pytest.mark.parametrize("step", ["minute", "hour"])
def test_coarse_times_leave_nothing_of_the_order_of_a_step(step):
    """Neither the rows nor the dictionaries, which some formats write as they are."""
    seconds = {"minute": 1, "hour": 60}[step]
    rows = [
        observation(
            home=HOMES[number % 4],
            entity_id=f"sensor.{'motion' if number % 5 else 'power'}",
            state=str(number * 37 % 60),
            attributes=f'{{"brightness":{number * 7 % 60}}}',
            last_changed=NOON + timedelta(seconds=number * seconds),
            last_updated=NOON + timedelta(seconds=number * seconds),
        )
        for number in range(60)
    ]
    (forth,) = Protection(policy(time_step=step)).protect([canonical(rows)])
    (back,) = Protection(policy(time_step=step)).protect([canonical(rows[::-1])])

    assert len(set(forth.column("last_updated").to_pylist())) == 1
    assert forth.equals(back)
    for there, here in zip(forth.columns, back.columns, strict=True):
        if pa.types.is_dictionary(there.type):
            assert there.dictionary.equals(here.dictionary)


@pytest.mark.parametrize("rows", [700, 5_000, 65_536], ids="batches of {} rows".format)
def test_no_border_of_batches_tells_the_order_of_a_step(rows):
    """Three hours, in batches that end within them, and each hour from its end to its beginning."""
    hours = [
        [
            observation(
                state=str(number % 1000),
                last_updated=NOON + timedelta(hours=hour, milliseconds=1000 * number),
                last_changed=NOON,
            )
            for number in range(3_000)
        ]
        for hour in range(3)
    ]

    def left(batch):
        lake = (batch.slice(start, rows) for start in range(0, len(batch), rows))
        return [
            line
            for passed in Protection(policy(time_step="hour")).protect(regroup(lake))
            for line in passed.to_pylist()
        ]

    forth = left(canonical(sum(hours, [])))
    back = left(canonical(sum((hour[::-1] for hour in hours), [])))

    assert len(forth) == 9_000
    assert forth == back


def test_a_step_of_very_many_rows_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(times, "_MOST", 100)
    endless = repeat(canonical([observation(state=str(number)) for number in range(40)]))

    first = next(Protection(policy(time_step="hour")).protect(endless))

    assert 100 <= len(first) < 200


def test_texts_of_steps_that_have_ended_are_not_kept():
    batches = [
        canonical(
            observation(
                state=f"{number} {half}",
                last_updated=NOON + timedelta(minutes=30 * (number + half)),
            )
            for half in (0, 1)
            for _ in range(10)
        )
        for number in range(50)
    ]
    passed = list(in_steps(batches, STEPS["hour"]))

    assert sum(map(len, passed)) == 1_000
    assert max(len(batch.column("state").dictionary) for batch in passed) < 10


def test_coarse_times_keep_all_observations_and_the_order_of_steps():
    rows = [
        observation(state=str(number), last_updated=NOON + timedelta(seconds=25 * number))
        for number in range(50)
    ] + [observation(state=None, last_updated=None, unit=None)]
    found = protect(*rows, time_step="minute")

    assert len(found) == 51
    minutes = [row["last_updated"] for row in found if row["last_updated"]]
    assert minutes == sorted(minutes)
    for row in rows[:50]:
        minute = row["last_updated"].replace(second=0)
        assert any(r["last_updated"] == minute and r["state"] == row["state"] for r in found)


def test_exact_times_keep_the_order_of_the_lake():
    rows = [observation(state=str(number * 37 % 60)) for number in range(60)]

    assert [row["state"] for row in protect(*rows)] == [row["state"] for row in rows]
