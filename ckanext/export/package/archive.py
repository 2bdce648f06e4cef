"""The zip as a stream, with the hash and the size of every member."""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime

from ..zips import Piece, zipped
from .contents import Member

_CHUNK = 1 << 18  # bytes that are hashed and then compressed, while they are in the cache


class Sealed:
    """A member's bytes on their way into the zip; `member` is known when they have passed."""

    def __init__(self, name: str, pieces: Iterable[Piece]) -> None:
        self.name = name
        self._pieces = pieces
        self._hash = hashlib.sha256()
        self._size = 0

    def __iter__(self) -> Iterator[Piece]:
        for piece in self._pieces:
            self._size += len(piece)
            for start in range(0, len(piece), _CHUNK):  # hashed and compressed while in the cache
                chunk = piece[start : start + _CHUNK]
                self._hash.update(chunk)
                yield chunk

    @property
    def member(self) -> Member:
        return Member(self.name, self._size, self._hash.hexdigest())


def archive(members: Iterable[Sealed], when: datetime) -> Iterator[bytes]:
    """The zip's bytes."""
    return zipped(((member.name, member) for member in members), when)
