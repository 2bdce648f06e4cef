"""How many exports run at once is counted in the portal's Redis, over all processes."""

import subprocess
import sys

import pytest
from ckan.lib.redis import connect_to_redis
from redis import ConnectionError

from ckanext.export import slots
from ckanext.export.errors import TooManyExports
from ckanext.export.slots import Slot, site_key
from tests.builders import eventually

pytestmark = pytest.mark.usefixtures("free")

HELD_ELSEWHERE = """
import sys
import ckantoolkit as tk
from ckan.lib.redis import connect_to_redis
tk.config.update({"ckan.redis.url": sys.argv[1], "ckan.site_id": sys.argv[2]})
from ckanext.export.slots import Slot
slot = Slot(1, kind="tests")
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def free(ckan_config):
    def clear():
        connect_to_redis().delete(site_key("tests"))

    clear()
    yield
    clear()


def take(most=1):
    return Slot(most, kind="tests")


def is_full():
    try:
        take().release()
    except TooManyExports:
        return True
    return False


def test_a_place_is_free_again_when_it_was_given_back():
    with take():
        assert is_full()

    assert not is_full()


def test_there_are_as_many_places_as_there_may_be():
    with take(2), take(2), pytest.raises(TooManyExports, match=r"may \(2\)"):
        take(2)


@pytest.fixture
def elsewhere(ckan_config):
    """Another process that has the only place."""
    settings = [ckan_config["ckan.redis.url"], ckan_config["ckan.site_id"]]
    with subprocess.Popen(
        [sys.executable, "-c", HELD_ELSEWHERE, *settings],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout.readline() == "held\n"
        yield other
        other.kill()


def test_a_place_that_another_process_has_is_taken(elsewhere):
    assert is_full()


def test_the_place_of_a_process_that_died_is_free_after_its_time(elsewhere):
    elsewhere.kill()
    elsewhere.wait()
    assert is_full()

    key = site_key("tests")
    [(name, until)] = connect_to_redis().zrange(key, 0, -1, withscores=True)
    connect_to_redis().zadd(key, {name: until - slots._LEASE})  # as if its time was over

    assert not is_full()


def test_a_place_is_kept_where_redis_is_away_for_a_moment(monkeypatch):
    monkeypatch.setattr(slots, "_LEASE", 0.6)
    slot = take()
    works, failed = slot._redis.zadd, []

    def away(*arguments, **options):
        if len(failed) < 1:
            failed.append(arguments)
            raise ConnectionError("away")
        return works(*arguments, **options)

    monkeypatch.setattr(slot._redis, "zadd", away)
    assert eventually(lambda: bool(failed))

    assert not eventually(lambda: not is_full(), patience=1)
    slot.release()


def test_giving_a_place_back_never_fails(monkeypatch):
    slot = take()

    def away(*arguments):
        raise ConnectionError("away")

    monkeypatch.setattr(slot._redis, "zrem", away)
    slot.release()
