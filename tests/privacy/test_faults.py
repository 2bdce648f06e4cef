"""A fault in any rule ends the export: before the first byte, or with a zip that is no zip."""

import io
import zipfile
from dataclasses import replace
from datetime import timedelta

import pyarrow as pa
import pytest

from ckanext.export import export, privacy
from ckanext.export.errors import PrivacyFailed
from ckanext.export.export import Export
from ckanext.export.lake import open_lake
from ckanext.export.query import Query
from ckanext.export.summary import summarize
from tests.builders import (
    HOMES,
    NOON,
    in_every_home,
    observation,
    order,
    policy,
    write_lake,
)
from tests.privacy.defaults import DEFAULTS

NAME = "Quillfeather"
RULES = {
    "homes": (privacy.policy.Policy, "pseudonym"),
    "forgotten homes": (privacy.policy.Policy, "forgets"),
    "types": (privacy.protection, "producer_type"),
    "words": (privacy.entities.Entities, "rename"),
    "personal entities": (privacy.entities.Entities, "withheld"),
    "states": (privacy.policy.Policy, "knows_state"),
    "numbers": (privacy.protection, "_unmeasured"),
    "personal classes": (privacy.protection, "_matches"),
    "a second look": (privacy.policy, "identifies"),
    "units": (privacy.policy.Policy, "knows_unit"),
    "attributes": (privacy.attributes.Judge, "member"),
    "numbers in attributes": (privacy.attributes.Members, "said"),
    "homes in texts": (privacy.homes.OwnHome, "rows"),
    "homes that are numbers": (privacy.homes.OwnHome, "numbers"),
    "times": (privacy.protection, "coarse"),
    "order": (privacy.protection, "mixed"),
}
ALL = sorted(RULES)
COUNTED = {
    "homes",
    "forgotten homes",
    "types",
    "words",
    "units",
    "homes in texts",
    "homes that are numbers",
    "times",
    "order",
}
FIRST = 2048  # rows of the first batch


def break_rule(monkeypatch, rule, late):
    """The rule fails, or fails as soon as it meets the late row or its batch. Its words hold a
    secret."""
    owner, name = RULES[rule]
    works = getattr(owner, name)

    def broken(*given):
        told = given[1:] if isinstance(owner, type) else given
        if told != (None,) and (not late or "late" in str(told) or largest(told) > FIRST):
            raise ValueError(NAME)
        return works(*given)

    monkeypatch.setattr(owner, name, broken)


def largest(given):
    """Rows of the largest column or batch among a function's arguments."""
    columns = [c for g in given for c in (g.values() if isinstance(g, dict) else [g])]
    arrays = (pa.Array, pa.RecordBatch)
    return max((len(column) for column in columns if isinstance(column, arrays)), default=0)


def lake_with_a_late_row(folder):
    """More rows than a first batch has, then one that is different in every column."""
    rows = [observation(home=HOMES[number % 4]) for number in range(30_000)]
    last = observation(
        home="late",
        entity_id="sensor.late",
        state="late",
        unit="late",
        attributes='{"late":[1]}',
    )
    return write_lake(folder, [*rows, last])


@pytest.mark.parametrize("rule", ALL)
@pytest.mark.parametrize("name", ["csv", "parquet"])
def test_a_fault_at_once_ends_the_export_before_its_first_byte(
    tmp_path, monkeypatch, caplog, rule, name
):
    lake = open_lake(str(write_lake(tmp_path, [observation(state="a word")])))
    break_rule(monkeypatch, rule, late=False)

    with pytest.raises(PrivacyFailed) as caught:
        Export(lake, order(name, policy=strict(rule)))

    assert caught.value.status == 500
    assert NAME not in caught.value.explain() + caplog.text
    assert "ValueError" in caught.value.inside


@pytest.mark.parametrize("rule", ALL)
def test_a_fault_at_once_ends_the_summary(tmp_path, monkeypatch, rule):
    lake = open_lake(str(write_lake(tmp_path, [observation(state="on")])))
    break_rule(monkeypatch, rule, late=False)

    if rule not in COUNTED:
        assert summarize(lake, strict(rule), Query())["rows"] == 1  # which needs none of these
    else:
        with pytest.raises(PrivacyFailed):
            summarize(lake, strict(rule), Query())


@pytest.mark.parametrize("rule", ALL)
def test_a_fault_later_cuts_the_zip(tmp_path, monkeypatch, caplog, rule):
    lake = open_lake(str(lake_with_a_late_row(tmp_path)))
    break_rule(monkeypatch, rule, late=True)
    pieces = []

    with pytest.raises(PrivacyFailed):  # at once where a dictionary tells of what comes later
        pieces.extend(Export(lake, order("csv", policy=strict(rule))))

    assert NAME not in caplog.text
    assert "late" not in b"".join(pieces).decode("latin-1")
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(io.BytesIO(b"".join(pieces)))


@pytest.mark.parametrize("late", [False, True])
def test_a_fault_where_homes_are_counted_ends_the_export_before_its_first_byte(
    tmp_path, monkeypatch, caplog, late
):
    rows = in_every_home(observation(), observation(last_updated=NOON + timedelta(days=1)))
    lake = open_lake(str(write_lake(tmp_path, rows)))  # of a file and a batch for each day
    works, batches = export.count_values, list[str]()

    def broken(column):
        batches.append(str(column))
        if len(batches) > late:
            raise ValueError(NAME)
        return works(column)

    monkeypatch.setattr(export, "count_values", broken)

    with pytest.raises(PrivacyFailed) as caught:
        Export(lake, order("csv", policy=replace(strict(), min_homes=5)))
    assert caught.value.status == 500
    assert NAME not in caught.value.explain() + caplog.text


def strict(rule=""):
    """All rules; texts that are not known are looked at only where they may leave."""
    texts = {"text_mode": "checked"} if rule == "a second look" else {}
    rules = policy(**DEFAULTS | {"time_step": "minute"} | texts, min_homes=1)
    return replace(rules, forget_key=b"k", forgotten=frozenset({"somebody"}))
