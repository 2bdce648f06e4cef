"""The lake is counted once, and again when that is needed."""

import threading
from datetime import date

import ckantoolkit as tk
import pytest
from ckan.lib.redis import connect_to_redis
from ckan.tests.helpers import call_action

from ckanext.export import config, counted
from ckanext.export.errors import LakeUnavailable, TooManyExports
from ckanext.export.lake.files import FileLake, FileScan
from ckanext.export.query import Query
from ckanext.export.slots import Slot, site_key
from tests.builders import garble, in_every_home, observation, write_lake, write_large_day

pytestmark = [
    pytest.mark.ckan_config("ckan.plugins", "export"),
    pytest.mark.usefixtures("with_plugins", "with_request_context"),
]


def rows() -> int:
    return call_action("export_summary_show")["rows"]


def add_day(folder, day: int) -> None:
    time = observation()["last_updated"].replace(day=day)
    write_lake(folder, in_every_home(observation(last_updated=time)))


def forget(lake) -> None:
    """As if the configured seconds were over."""
    redis = connect_to_redis()
    fresh = redis.keys(site_key("cube:*:fresh"))
    if fresh:
        redis.delete(*fresh)


def test_for_a_while_the_numbers_stay(lake):
    assert rows() == 60
    add_day(lake, 25)
    assert rows() == 60
    forget(lake)
    assert rows() == 64


def test_with_zero_seconds_they_are_never_old(lake, ckan_config):
    ckan_config["ckanext.export.summary.seconds"] = 0
    assert rows() == 60
    add_day(lake, 25)
    assert rows() == 64


class Versioned(FileScan):
    """Tells how often it is read."""

    counted = 0

    def batches(self, *columns):
        type(self).counted += 1
        return super().batches(*columns)


@pytest.fixture
def versions(monkeypatch):
    monkeypatch.setattr("ckanext.export.lake.files.FileScan", Versioned)
    Versioned.counted = 0
    assert FileLake is not None
    return Versioned


def test_a_version_that_is_known_is_not_counted_again(lake, versions):
    for _ in range(3):
        assert rows() == 60
        forget(lake)
    assert versions.counted == 1
    add_day(lake, 25)
    assert rows() == 64
    assert versions.counted == 2


def test_a_job_s_percent_needs_no_counting(lake, versions):
    assert rows() == 60
    forget(lake)
    add_day(lake, 25)

    assert counted.estimate(Query()) == 60
    assert versions.counted == 1
    assert counted.estimate(Query(date_from=date(2022, 6, 25))) == 4  # was not there then
    assert versions.counted == 2


def test_who_may_miss_nothing_learns_what_came_a_moment_ago(lake, versions):
    assert rows() == 60
    assert counted.exact(Query())["rows"] == 60
    assert versions.counted == 1
    add_day(lake, 25)

    assert rows() == 60
    assert counted.exact(Query())["rows"] == 64
    assert rows() == 64
    assert versions.counted == 2


@pytest.mark.parametrize("key", ["ckanext.export.privacy.types", "ckanext.export.privacy.key"])
def test_other_rules_are_other_numbers(lake, ckan_config, key):
    assert rows() == 60
    ckan_config[key] = ["light"] if key.endswith("types") else "another key, and a long one"
    add_day(lake, 25)
    assert rows() == (12 if key.endswith("types") else 64)


def test_while_one_counts_others_tell_what_was_known(lake, ckan_config):
    assert rows() == 60
    add_day(lake, 25)
    forget(lake)
    name = counted.name_of(counted.orders.lake(), counted.orders.policy())
    with Slot(1, f"counting:{name}"):
        assert rows() == 60
    assert rows() == 64


def test_while_one_counts_for_the_first_time_others_wait(lake):
    name = counted.name_of(counted.orders.lake(), counted.orders.policy())
    slot = Slot(1, f"counting:{name}")
    finish = threading.Timer(1.0, slot.release)
    finish.start()
    with pytest.raises(TooManyExports):  # the one who counted failed
        counted.cube()
    finish.join()
    assert rows() == 60


def test_counting_is_an_export_among_others(lake):
    with Slot(1), pytest.MonkeyPatch.context() as patch:
        patch.setattr(config, "max_concurrent", lambda: 1)
        with pytest.raises(TooManyExports):
            counted.cube()


def test_a_part_is_counted_where_the_whole_cannot_be_read(lake):
    garble(write_large_day(lake, "2022-06-29", 200_000))

    assert call_action("export_summary_show", date_to="2022-06-22")["rows"] == 60
    with pytest.raises(tk.ValidationError):
        rows()


def test_a_broken_lake_is_not_read_by_everybody(lake, versions):
    garble(write_large_day(lake, "2022-06-29", 200_000))
    for _ in range(3):
        with pytest.raises(LakeUnavailable):
            counted.cube()

    assert versions.counted == 1


def test_the_key_in_redis_tells_nothing(lake, ckan_config):
    assert rows() == 60
    keys = b" ".join(connect_to_redis().keys(site_key("*")))

    assert str(lake).encode() not in keys
    assert b"villa" not in keys
