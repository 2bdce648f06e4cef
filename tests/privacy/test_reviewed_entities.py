"""The default rules decide about real entities as people who reviewed them did."""

import csv
import json
from pathlib import Path

import pytest

from ckanext.export.privacy import Protection
from tests.builders import canonical, observation, policy
from tests.privacy.defaults import DEFAULTS

_TABLE = Path(__file__).with_name("reviewed_entities.tsv")


def reviewed() -> list[dict[str, str]]:
    lines = [line for line in _TABLE.read_text().splitlines() if not line.startswith("#")]
    return list(csv.DictReader(lines, dialect="excel-tab"))


@pytest.mark.parametrize("row", reviewed(), ids=lambda row: f"{row['source']}-{row['entity_id']}")
def test_the_rules_decide_as_reviewed(row):
    attributes = {"device_class": row["device_class"], "friendly_name": "Ana"}
    given = observation(
        entity_id=row["entity_id"],
        type=row["entity_id"].partition(".")[0],
        state=row["state"],
        unit=row["unit"] or None,
        attributes=json.dumps(attributes if row["device_class"] else {}),
    )
    batches = Protection(policy(**DEFAULTS)).protect([canonical([given])])
    left = [found for batch in batches for found in batch.to_pylist()]

    decision = ("leaves" if left[0]["state"] == row["state"] else "empty") if left else "stays"
    assert decision == row["decision"], row["why"]


def test_every_source_and_every_decision_is_in_the_table():
    assert {row["source"] for row in reviewed()} == {"demo", "app", "sun"}
    assert {row["decision"] for row in reviewed()} == {"leaves", "empty", "stays"}
    assert all(row["why"] for row in reviewed() if row["decision"] != "leaves")
