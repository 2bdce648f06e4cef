"""The last exports, for the administrator's page: a short list in the portal's Redis."""

import logging
from typing import Any

import orjson
from ckan.lib.redis import connect_to_redis
from redis import RedisError

from . import journal
from .slots import site_key

log = logging.getLogger(__name__)

_KEPT = 50


def _key() -> str:
    return site_key("recent")


def note(entry: journal.Entry) -> None:
    """Writes the line of an export into the log, and keeps it for a while."""
    line = orjson.dumps(journal.write(entry))
    redis: Any = connect_to_redis()
    try:
        redis.pipeline().lpush(_key(), line).ltrim(_key(), 0, _KEPT - 1).execute()
    except RedisError as error:
        log.warning("The list of the last exports misses one: %s", error)


def exports() -> list[dict[str, Any]]:
    """The newest first."""
    redis: Any = connect_to_redis()
    return [orjson.loads(line) for line in redis.lrange(_key(), 0, -1)]
