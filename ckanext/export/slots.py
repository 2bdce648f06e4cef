"""How many exports run at once, over all processes of the portal.

Each holds a place in a sorted set in the portal's Redis and renews it; the place of a process
that died is free again after a minute.
"""

import logging
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import ckantoolkit as tk
from ckan.lib.redis import connect_to_redis
from redis import RedisError

from .errors import ExportError, TooManyExports

log = logging.getLogger(__name__)

_LEASE = 60.0  # seconds
RETRY_AFTER = 10  # seconds after which somebody who found no place may come again

# One step, so that two processes cannot both take the last place.
_TAKE = """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then return 0 end
redis.call('ZADD', KEYS[1], ARGV[3], ARGV[4])
return 1
"""


def site_key(name: str) -> str:
    """The key in Redis under which this portal, and no other, keeps something."""
    return f"ckan:{tk.config['ckan.site_id']}:export:{name}"


class Slot:
    """A place among the running exports. `release` may be called from any thread, and again."""

    def __init__(self, most: int, kind: str = "running") -> None:
        """Raises TooManyExports when `most` of the kind are running."""
        self._redis = connect_to_redis()
        self._key = site_key(kind)
        self._name = uuid.uuid4().hex
        self._released = threading.Event()
        now = time.time()
        try:
            taken = self._redis.eval(_TAKE, 1, self._key, now, most, now + _LEASE, self._name)
        except RedisError as error:
            raise ExportError(
                "The portal cannot start exports at the moment; try again later.",
                inside=f"Redis: {error}",
            ) from error
        if not taken:
            raise TooManyExports(
                f"As many exports are running as may ({most}); try again in {RETRY_AFTER} seconds."
            )
        threading.Thread(target=self._renew, name="export-slot", daemon=True).start()

    def release(self) -> None:
        if not self._released.is_set():
            self._released.set()
            with _tolerant():
                self._redis.zrem(self._key, self._name)

    def __enter__(self) -> "Slot":
        return self

    def __exit__(self, *error: object) -> None:
        self.release()

    def _renew(self) -> None:
        while not self._released.wait(_LEASE / 3):
            with _tolerant():
                self._redis.zadd(self._key, {self._name: time.time() + _LEASE}, xx=True)


@contextmanager
def _tolerant() -> Iterator[None]:
    """An export that runs is not ended by a Redis that is away for a moment."""
    try:
        yield
    except RedisError as error:
        log.warning("The place of an export could not be renewed or given back: %s", error)
