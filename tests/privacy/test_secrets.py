"""A lake full of secrets, in random places: none may be in anything that the export says."""

import json
import logging
import random
from collections.abc import Callable, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ckanext.export.check import check
from ckanext.export.errors import EmptyDataset, ExportError
from ckanext.export.formats import registry
from ckanext.export.lake import open_lake
from ckanext.export.query import Query
from ckanext.export.summary import summarize
from tests.builders import Row, export, observation, policy, write_lake
from tests.privacy.defaults import ATTRIBUTES, DEFAULTS
from tests.privacy.secrets import IDENTIFIERS, SECRETS, SPELLINGS, Haystack, Secret

Place = Callable[[str], Row]


def _attributes(**values: object) -> str:
    return json.dumps(values, ensure_ascii=False)


# Where a secret may be. A number is put as a state only without a unit: with one it is measured.
PLACES: dict[str, Place] = {
    "home": lambda s: observation(home=s, entity_id=f"sensor.{s}_temperature"),
    "entity": lambda s: observation(entity_id=f"sensor.{s}"),
    "entity among words": lambda s: observation(entity_id=f"sensor.kitchen_{s}_temperature"),
    "entity, joined": lambda s: observation(entity_id=f"sensor.kitchen{s}temperature"),
    "personal entity": lambda s: observation(entity_id="sensor.phone_ssid", state=s, unit=None),
    "kind": lambda s: observation(entity_id=f"{s}.kitchen", type="sensor"),
    "type": lambda s: observation(type=s),
    "person": lambda s: observation(entity_id=f"person.{s}", type="person", state=s),
    "state": lambda s: observation(state=s, unit=None, attributes="{}"),
    "state of a light": lambda s: observation(
        entity_id="light.hall", type="light", state=s, unit=None, attributes="{}"
    ),
    "unit": lambda s: observation(unit=s),
    "class": lambda s: observation(attributes=_attributes(device_class=s)),
    "name": lambda s: observation(attributes=_attributes(friendly_name=s, device_class="x")),
    "key": lambda s: observation(attributes=json.dumps({s: "on", "brightness": 5})),
    "key within": lambda s: observation(attributes=json.dumps({"brightness": {s: 1}})),
    "escaped": lambda s: observation(attributes=json.dumps({"hvac_modes": ["off", s]})),
    "list": lambda s: observation(attributes=_attributes(hvac_modes=["off", [s]])),
    "deep": lambda s: observation(
        attributes=_attributes(temperature={"temperature": {"temperature": [{"pressure": s}]}})
    ),
    "map": lambda s: observation(attributes=f"{{device_class={s}, friendly_name={s}}}"),
    "broken": lambda s: observation(attributes='{"device_class":"' + s),
    "duplicate": lambda s: observation(
        attributes='{"device_class":"door","device_class":' + json.dumps(s) + "}"
    ),
    "duplicate before": lambda s: observation(
        attributes='{"device_class":' + json.dumps(s) + ',"device_class":"door"}'
    ),
    "other case": lambda s: observation(attributes=_attributes(Device_Class=s, BRIGHTNESS=s)),
    "other form": lambda s: observation(attributes=json.dumps({"\uff54emperature": s})),
    **{
        f"attribute {name}": lambda s, name=name: observation(attributes=_attributes(**{name: s}))
        for name in ATTRIBUTES
    },
}
# Where an identifier that can be seen is looked for even if texts and entity ids leave as they are.
LENIENT_PLACES = ("entity", "entity among words", "state", "class", "list", "unit", "name")
LENIENT_SPELLINGS = ("as it is", "upper case", "wide")

placements = st.tuples(
    st.sampled_from(SECRETS), st.sampled_from(sorted(PLACES)), st.sampled_from(sorted(SPELLINGS))
)


def check_export(folder, rows: Sequence[Row], secrets: Sequence[Secret], caplog, **changes) -> None:
    rules = policy(**DEFAULTS, min_homes=1) if not changes else policy(**changes, min_homes=1)
    harmless = [observation(home="another"), observation(home="another", state="22.5")]
    lake = write_lake(folder, [*rows, *harmless])
    caplog.set_level(logging.DEBUG)
    archive = export(lake, *sorted(registry()), policy=rules)
    told = json.dumps(summarize(open_lake(str(lake)), rules, Query()), ensure_ascii=False)
    seen = "\n".join(check(open_lake(str(lake)), rules, 0))
    haystack = Haystack(
        [("a.zip", archive), ("", told.encode()), ("", seen.encode()), ("", caplog.text.encode())]
    )

    assert haystack.found(secrets) == []


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(placements, min_size=1, max_size=60))
def test_no_secret_leaves(tmp_path_factory, caplog, placed):
    rows = [PLACES[place](SPELLINGS[spelling](secret.text)) for secret, place, spelling in placed]

    check_export(tmp_path_factory.mktemp("lake"), rows, [secret for secret, *_ in placed], caplog)


def test_no_secret_of_thousands_leaves(tmp_path, caplog):
    dice = random.Random(1)  # noqa: S311
    rows = [
        PLACES[dice.choice(sorted(PLACES))](SPELLINGS[spelling](secret.text))
        for secret in SECRETS
        for spelling in dice.sample(sorted(SPELLINGS), 2)
    ]

    check_export(tmp_path, rows, SECRETS, caplog)


@pytest.mark.slow
@pytest.mark.parametrize("place", sorted(PLACES))
def test_no_secret_leaves_from_any_place_in_any_spelling(tmp_path, caplog, place):
    some = SECRETS[:: 6 if place.startswith(("attribute ", "home")) else 2]
    rows = [PLACES[place](spell(secret.text)) for secret in some for spell in SPELLINGS.values()]

    check_export(tmp_path, rows, some, caplog)


@pytest.mark.parametrize("place", LENIENT_PLACES)
def test_identifiers_stay_where_everything_else_may_leave(tmp_path, caplog, place):
    secrets = [secret for secret in SECRETS if secret.kind in IDENTIFIERS]
    rows = [
        PLACES[place](SPELLINGS[spelling](secret.text))
        for secret in secrets[::5]
        for spelling in LENIENT_SPELLINGS
    ]
    lenient = {"entity_mode": "keep", "text_mode": "checked", "attributes": ATTRIBUTES}

    check_export(tmp_path, rows, secrets[::5], caplog, **lenient)


@pytest.mark.parametrize("column", ["last_updated", "attributes", "state"])
def test_an_error_repeats_nothing_of_the_lake(tmp_path, caplog, column):
    names = ["home", "entity_id", "type", "state", "unit", "last_changed", "last_updated"]
    secret = SECRETS[0]
    row = dict.fromkeys(names, "2022-06-20T12:00:00Z")
    row |= {"attributes": "{}", column: secret.text}
    lines = [",".join(row), ",".join(row.values())]
    if column != "last_updated":
        lines.append(f"{secret.text},three,cells")
    (tmp_path / "a.csv").write_text("\n".join(lines))

    with pytest.raises(ExportError) as caught:
        export(tmp_path, policy=policy(**DEFAULTS, min_homes=1))

    assert not isinstance(caught.value, EmptyDataset)
    said = caught.value.explain() + caplog.text
    assert Haystack([("", said.encode())]).found([secret]) == []
