"""The lake's cube, kept in the portal's Redis so that not every visitor pays for counting.

It stays for as long as `ckanext.export.summary.seconds` says; then the lake is asked for its
version, and counted again where that is another one or where there is none. One process counts;
meanwhile the others tell the numbers from before, or wait where there are none.
"""

import hashlib
import hmac
import time
from dataclasses import replace
from typing import Any, cast

from ckan.lib.redis import connect_to_redis
from redis import RedisError

from . import config, orders
from .cube import COLUMNS, Cube
from .errors import ExportError, LakeUnavailable, TooManyExports
from .lake import Lake
from .privacy import Policy, Protection
from .query import Query
from .slots import Slot, site_key
from .summary import summarize

_KEPT = 86_400  # seconds after which a cube that nobody asks for is dropped
_PATIENCE = 20.0  # seconds that a visitor waits for another one's counting
_GLANCE = 0.2


def summary(query: Query) -> dict[str, Any]:
    """What an export would hold, as `Cube.summary` tells it.

    Where not all of the lake can be read, the part that is asked for may be: it is counted by
    itself. Raises Misconfigured, LakeUnavailable, TooFewHomes and TooManyExports.
    """
    try:
        return cube().summary(query, config.min_homes())
    except LakeUnavailable:
        with Slot(config.max_concurrent()):
            return summarize(orders.lake(), orders.policy(), query)


def cube() -> Cube:
    """The counted lake. Raises Misconfigured, LakeUnavailable and TooManyExports."""
    lake, policy = orders.lake(), orders.policy()
    shelf = _Shelf(name_of(lake, policy))
    found, fresh = shelf.look()
    shelf.expect_whole()
    if found and fresh:
        return found
    try:
        with Slot(1, f"counting:{shelf.name}"), Slot(config.max_concurrent()):
            return _count(lake, policy, shelf, found)
    except TooManyExports:
        if found:
            return found
        return _wait(shelf)


def exact(query: Query) -> dict[str, Any]:
    """As `summary`, of the lake as it is now, and of few homes too: not for visitors, but for who
    may miss nothing that came late.

    It is counted again unless the lake's version says that it is as it was.
    """
    lake, policy = orders.lake(), orders.policy()
    shelf = _Shelf(name_of(lake, policy))
    try:
        return _count(lake, policy, shelf, shelf.look()[0]).summary(query, min_homes=1)
    except LakeUnavailable:
        return summarize(lake, replace(policy, min_homes=1), query)


def estimate(query: Query) -> int:
    """About how many observations an export would hold: as many as when the lake was last counted,
    however long ago. What it did not hold then is counted by itself."""
    lake, policy = orders.lake(), orders.policy()
    found, _ = _Shelf(name_of(lake, policy)).look()
    rows = found.summary(query, min_homes=1)["rows"] if found else 0
    return rows or summarize(lake, policy, query)["rows"]


def name_of(lake: Lake, policy: Policy) -> str:
    """Names a lake and the rules that decide what is counted, and tells nothing of either."""
    rules = orders.rules_of(policy)
    told = repr((lake.url, sorted(lake.columns.items()), lake.table, rules))
    return hmac.new(policy.key, b"cube\0" + told.encode(), hashlib.sha256).hexdigest()[:32]


def _count(lake: Lake, policy: Policy, shelf: "_Shelf", before: Cube | None) -> Cube:
    try:
        counted = _counted(lake, policy, before)
    except LakeUnavailable as error:
        shelf.put_failure(error)
        raise
    shelf.put(counted)
    return counted


def _counted(lake: Lake, policy: Policy, before: Cube | None) -> Cube:
    with lake.scan(policy.narrow(Query())) as scan:
        if before and before.version is not None and before.version == scan.version:
            return before
        return Cube.count(Protection(policy).protect(scan.batches(COLUMNS)), scan.version)


def _wait(shelf: "_Shelf") -> Cube:
    """For the cube that another process makes. Raises TooManyExports."""
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until and shelf.is_counting():
        time.sleep(_GLANCE)
    found, _ = shelf.look()
    if found:
        return found
    raise TooManyExports("The portal is busy counting and exporting; try again in a minute.")


class _Shelf:
    """Where the cube of a lake lies in Redis."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._redis = connect_to_redis()
        self._cube = site_key(f"cube:{name}")
        self._fresh = site_key(f"cube:{name}:fresh")
        self._broken = site_key(f"cube:{name}:broken")

    def look(self) -> tuple[Cube | None, bool]:
        """The cube if there is one, and whether it may be told without asking the lake."""
        try:
            stored, fresh = cast("list[bytes | None]", self._redis.mget(self._cube, self._fresh))
        except RedisError as error:
            raise ExportError(
                "The portal cannot count at the moment; try again later.",
                inside=f"Redis: {error}",
            ) from error
        return Cube.from_bytes(stored) if stored else None, bool(fresh)

    def put(self, counted: Cube) -> None:
        self._redis.set(self._cube, counted.to_bytes(), ex=_KEPT)
        if config.summary_seconds() > 0:
            self._redis.set(self._fresh, b"1", ex=config.summary_seconds())

    def put_failure(self, error: LakeUnavailable) -> None:
        """So that not every visitor reads a broken lake to where it breaks."""
        if config.summary_seconds() > 0:
            self._redis.set(self._broken, error.detail, ex=config.summary_seconds())

    def expect_whole(self) -> None:
        """Raises LakeUnavailable again for as long as the failure is remembered."""
        detail = cast("bytes | None", self._redis.get(self._broken))
        if detail:
            raise LakeUnavailable(detail.decode(), inside="found a moment ago")

    def is_counting(self) -> bool:
        return bool(self._redis.exists(site_key(f"counting:{self.name}")))
