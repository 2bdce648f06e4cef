"""What somebody who wants to get something out of the lake would try, under the default rules."""

import json
import re

import pytest

from ckanext.export.lake.java_map import attributes_as_json
from ckanext.export.privacy import Protection
from tests.builders import canonical, observation, policy
from tests.privacy.defaults import DEFAULTS


def protect(*rows, **changes):
    batches = Protection(policy(**DEFAULTS | changes)).protect([canonical(rows)])
    return [row for batch in batches for row in batch.to_pylist()]


def one(**changes):
    (row,) = protect(observation(**changes))
    return row


def entity(thing, **changes):
    return one(entity_id=f"sensor.{thing}", **changes)["entity_id"].removeprefix("sensor.")


def test_unknown_words_of_an_entity_become_tokens_and_known_ones_stay():
    assert re.fullmatch(r"x[0-9a-f]{8}_bedroom_temperature", entity("alices_bedroom_temperature"))


def test_the_same_word_has_the_same_token_in_every_entity():
    assert entity("alice_bedroom").split("_")[0] == entity("kitchen_ALICE").split("_")[1]


@pytest.mark.parametrize(
    "thing",
    [
        "device_tracker_ana",
        "anas_ssid",
        "mywifissid",
        "geocodedlocation",
        "public_ip",
        "sun_solar_elevation",
        "home_latitude",
        "blood_pressure_ana",
        "telemovel_ana",
        "IPHONE",
        "\uff53\uff53\uff49\uff44",
    ],
)
@pytest.mark.parametrize("state", ["on", "home", "21.5", "12345"])
def test_a_personal_sensor_keeps_its_state_whatever_it_is(thing, state):
    row = one(entity_id=f"sensor.{thing}", state=state)

    assert row["state"] is None
    assert "ana" not in row["entity_id"]


@pytest.mark.parametrize(
    "thing", ["fireplace_temperature", "led_strip", "doorstep_motion", "battery"]
)
def test_a_word_that_only_contains_a_personal_one_is_none(thing):
    assert one(entity_id=f"sensor.{thing}")["state"] == "21.5"


@pytest.mark.parametrize("thing", ["to_by", "a_da", "b_o_b", "e_m_a", "of_a", "da_da", "a_b_b_a"])
def test_syllables_of_names_do_not_pass_one_by_one(thing):
    assert all(re.fullmatch(r"x[0-9a-f]{8}", word) for word in entity(thing).split("_"))


def test_joining_words_stay_between_words_that_are_known():
    assert entity("quarto_de_visitas") == "quarto_de_visitas"


@pytest.mark.parametrize(
    "thing",
    ["91_23_45_67_8", "00_11_22_33_44_55", "10_0_0_17", "19_84", "plug1_2_3_4", "53_76_76"],
)
def test_numbers_of_an_entity_are_not_an_address_in_pieces(thing):
    assert len(re.sub(r"x[0-9a-f]{8}|\D", "", entity(thing))) == 0


def test_a_few_short_numbers_of_an_entity_stay():
    assert entity("plug2_power_1") == "plug2_power_1"


@pytest.mark.parametrize(
    ("home", "thing"),
    [
        ("garden", "garden_temperature"),
        ("Garden-Hall", "garden_hall_temperature"),
        ("gar_den", "garden"),
        ("hütte", "huette"),
        ("hütte", "hutte"),
        ("huette", "hütte"),
        ("Sørbråten", "sorbraten_power"),
        ("1234", "plug_12_34"),
        ("10.21", "meter_10_21"),
    ],
)
@pytest.mark.parametrize("mode", ["words", "keep"])
def test_an_entity_that_names_its_home_is_one_token(home, thing, mode):
    (row,) = protect(observation(home=home, entity_id=f"sensor.{thing}"), entity_mode=mode)

    assert re.fullmatch(r"sensor\.x[0-9a-f]{8}", row["entity_id"]) or mode == "words"
    assert home.casefold() not in row["entity_id"]
    assert thing not in row["entity_id"]


def test_a_home_that_is_a_part_of_another_hides_only_its_own_name():
    rows = [
        observation(home="garden", entity_id="sensor.garden_hall"),
        observation(home="gardenhall", entity_id="sensor.garden_hall"),
        observation(home="gardenhall", entity_id="sensor.garden"),
        observation(home="another", entity_id="sensor.garden_hall"),
    ]
    entities = [row["entity_id"] for row in protect(*rows)]

    assert entities[2:] == ["sensor.garden", "sensor.garden_hall"]
    assert all("hall" not in name for name in entities[:2])
    assert len({row["home"] for row in protect(*rows)}) == 3


@pytest.mark.parametrize("mode", ["known", "checked"])
def test_twenty_thousand_homes_of_one_batch_are_found_in_their_own_texts(mode):
    """Which takes minutes if every home is looked for in every text."""
    homes = [f"{number}-villa" for number in range(10_000, 30_000)]
    rows = [
        observation(
            home=home,
            entity_id=f"sensor.{home.replace('-', '_')}_power",
            state=f"{homes[place - place % 2]} speaks",  # of itself or of another
            attributes=f'{{"device_class":"of {home}"}}',
        )
        for place, home in enumerate(homes)
    ]
    batch = canonical(rows)
    (left,) = Protection(policy(**DEFAULTS | {"text_mode": mode})).protect([batch])

    assert not any(re.search("[a-z]_power", name) for name in left.column("entity_id").to_pylist())
    assert set(left.column("attributes").to_pylist()) == {"{}"}
    states = left.column("state").to_pylist()
    assert states[0] is None
    assert states[1] == (None if mode == "known" else f"{homes[0]} speaks")


def test_the_number_of_a_home_is_no_state_of_it_but_a_measured_number_is():
    rows = [
        observation(home=home, state="10021", unit=unit, attributes="{}")
        for home in ("10021", "10022")
        for unit in (None, "W")
    ]

    assert [row["state"] for row in protect(*rows)] == [None, "10021", "10021", "10021"]


@pytest.mark.parametrize("state", ["10021", "10021.0", "010021", "+10021", "-10021."])
def test_the_number_of_a_home_is_no_state_of_it_in_another_spelling(state):
    assert one(home="10021", state=state, unit=None, attributes="{}")["state"] is None


def test_homes_whose_numbers_differ_by_noughts_are_both_hidden():
    bare = {"state": "10021", "unit": None, "attributes": "{}"}
    rows = protect(observation(home="10021", **bare), observation(home="0010021", **bare))

    assert [row["state"] for row in rows] == [None, None]


def test_the_number_of_a_home_is_no_value_of_an_attribute():
    row = one(home="10021", attributes='{"brightness":10021}')

    assert row["attributes"] == "{}"


@pytest.mark.parametrize("where", ["state", "attributes"])
def test_the_name_of_a_home_stays_where_other_texts_leave(where):
    text = "back at Villa Anna" if where == "state" else '{"device_class":"villa_ANNA"}'
    (row,) = protect(
        observation(home="villa-anna", **{where: text}), text_mode="checked", entity_mode="keep"
    )

    assert row[where] in (None, "{}")


@pytest.mark.parametrize(
    "text", ["loft_björn", "LOFT BJORN", "my Loft: Bjoern", "łofṫ·bjørn", "at loft-björn, warm"]
)
def test_no_accent_or_sign_hides_the_name_of_a_home(text):
    (row,) = protect(observation(home="loft-björn", state=text), text_mode="checked")

    assert row["state"] is None


@pytest.mark.parametrize(
    "state", ["912345678", "53.7676", "-0.32741", "1234567", "123456.789", "1e9", "0912345678"]
)
def test_a_long_number_needs_a_unit_or_a_class(state):
    bare = {"state": state, "unit": None, "attributes": "{}"}

    assert one(**bare)["state"] is None
    assert one(**bare | {"unit": "Wh"})["state"] == state
    assert one(**bare | {"attributes": '{"device_class":"energy"}'})["state"] == state
    assert one(**bare | {"unit": "Ana"})["state"] is None
    assert one(**bare | {"unit": "°"})["state"] is None  # as positions have it
    assert one(**bare | {"attributes": '{"device_class":"Ana"}'})["state"] is None


def test_health_is_withheld_by_its_class():
    row = one(
        state="5.1", unit="mmol/L", attributes='{"device_class":"blood_glucose_concentration"}'
    )

    assert row["state"] is None


@pytest.mark.parametrize("state", ["home", "away", "not_home", "Home"])
def test_no_state_says_who_is_at_home(state):
    assert one(state=state)["state"] is None


@pytest.mark.parametrize(
    "text",
    [
        '{"device_class":"door","device_class":"Ana"}',
        '{"device_class":"Ana","Device_Class":"door"}',
        '{"dev\\u0069ce_class":"Ana"}',
        '{"\\uff44evice_class":"door"}',
        '{"device_class":["door",{"device_class":"Ana"}]}',
        '{"temperature":{"friendly_name":"Ana"}}',
        '{"temperature":"Ana","humidity":["Ana"]}',
        '{"elevation":12.3,"azimuth":201,"radius":100,"forecast":[{"temperature":21}]}',
        '{"device_class":"Ana"',
        attributes_as_json("{device_class=Ana, friendly_name=Ana}"),
        attributes_as_json("{device_class=door, latitude=53.7, x={device_class=Ana}}"),
    ],
)
def test_attributes_let_nothing_through(text):
    left = one(attributes=text)["attributes"]

    assert set(json.loads(left)) <= {"device_class"}
    assert "Ana" not in left


@pytest.mark.parametrize(
    "text",
    [
        '{"rgb_color":[9,1,2,3,4,5,6,7,8]}',
        '{"rgb_color":[[91,234],[56,78],[1,2]]}',
        '{"temperature":"41.15794"}',
        '{"temperature":"4.1157e1"}',
        '{"temperature":["351912345678"]}',
    ],
)
@pytest.mark.parametrize("mode", ["known", "checked"])
def test_numbers_in_lists_and_texts_are_no_address_of_somebody(text, mode):
    assert one(attributes=text, text_mode=mode)["attributes"] == "{}"


def test_a_colour_and_short_numbers_leave():
    colour = (
        '{"rgb_color":[255,180,107],"hvac_modes":["off","heat","cool","auto","dry","fan_only"]}'
    )

    assert one(attributes=colour)["attributes"] == colour


@pytest.mark.parametrize(
    "text",
    [
        "mail ana%40example.org",
        "ana&#64;example.org",
        "ana&commat;example.org",
        "http%3A%2F%2Fana",
        "www.ana.example",
        "at 41.1579",
        " 41.1579",
        "41,1579 N",
        "ana\u200b@\u200bexample.org",
        "my villa%2Danna",
    ],
)
@pytest.mark.parametrize("where", ["state", "attributes"])
def test_no_code_of_the_web_hides_an_identifier(text, where):
    told = json.dumps({"device_class": text}) if where == "attributes" else text
    (row,) = protect(
        observation(home="villa-anna", unit=None, **{"attributes": "{}"} | {where: told}),
        text_mode="checked",
    )

    assert row[where] in (None, "{}")


def test_an_empty_id_is_no_home():
    assert protect(observation(home="")) == []


def test_what_a_filter_left_out_is_in_no_dictionary():
    rows = [
        observation(),
        observation(type="Ana", entity_id="sensor.Ana"),
        observation(state="912345678", unit=None, attributes="{}"),
        observation(home="garden", entity_id="sensor.garden_hall"),
    ]
    (batch,) = Protection(policy(**DEFAULTS)).protect([canonical(rows)])

    for name in ("type", "state", "entity_id", "home"):
        texts = " ".join(map(str, batch.column(name).dictionary.to_pylist()))
        assert not re.search("Ana|912345678|garden", texts), name
