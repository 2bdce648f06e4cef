"""The administrator's report: a line for every rule, and nothing of the lake's values."""

from dataclasses import replace

from ckanext.export.privacy.policy import forgotten_hash
from ckanext.export.privacy.report import report
from tests.builders import canonical, observation, policy
from tests.privacy.defaults import DEFAULTS

ROWS = [
    observation(),
    observation(home="gone"),
    observation(entity_id="person.anna", type="person", attributes='{"latitude":53.7}'),
    observation(entity_id="person.anna", attributes='{"latitude":53.7}'),
    observation(entity_id="sensor.annas_phone_ssid", state="Annas net", attributes="{}"),
    observation(state="anna@example.org", unit="Anna", attributes='{"alias":1}'),
    observation(state="53.76761"),
]


def told(**changes):
    rules = replace(policy(**DEFAULTS, **changes), forget_key=b"k")
    rules = replace(rules, forgotten=frozenset({forgotten_hash(b"k", "gone")}))
    return list(report([canonical(ROWS)], rules))


def test_every_rule_says_how_much_it_withholds():
    lines = told()

    for line in (
        "7 observations of 2 homes were read.",
        "forgotten homes: 1 observations stay in the lake",
        "producer types: 2 observations stay in the lake",
        "  type person: 1",
        "entity ids (words): 1 leave with tokens",
        "  pattern sensor.*_*_*: 1",
        "a second look: 1 states hold an identifier",
        "units: 1 are withheld",
        "attributes: 3 observations leave with fewer; names that are not allowed stand in them "
        "4 times",
        "  key friendly_name: 3",
        "  key alias: 1",
        "values that look personal and still leave: 1",
        "  value state 99.99999: 1",
    ):
        assert line in lines
    [states] = [line for line in lines if line.startswith("states:")]
    assert "2 are withheld (2 are texts that are not known, 1 are of personal sensors)" in states


def test_it_tells_no_key_of_what_stays_and_no_value():
    lines = " ".join(told())

    assert not [word for word in ("latitude", "nna", "example", "53.7", "gone") if word in lines]


def test_it_says_where_every_export_is_refused():
    assert "homes that an export needs: 3; there are fewer, so every export is refused" in told(
        min_homes=3
    )
