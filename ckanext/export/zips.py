"""Zip files as a stream (PKWARE's APPNOTE 6.3.10), deflated by isal at level 1.

Sizes and checksum stand behind each member, because nobody knows them before. Our own, because
a third of an export's time goes into its zip: libraries that stream zips have zlib make the
checksum, which takes isal a sixth of the time, and copy all that they are given
(`./portal bench --only parts` times it).
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from stat import S_IFREG
from struct import pack

from isal import isal_zlib

Piece = bytes | memoryview

_CHUNK = 1 << 18  # bytes that are compressed at a time: they stay in the processor's cache
_SENT = 1 << 18  # bytes that leave at a time
_LEVEL = 1  # isal's writes 1.7 GB/s here; zlib's level 6 writes 0.16 and a tenth less

_MOST = 0xFFFF_FFFF  # of a zip without Zip64
_SIZES_FOLLOW, _UTF_8, _DEFLATED, _UNIX = 1 << 3, 1 << 11, 8, 3
_ATTRIBUTES = (S_IFREG | 0o644) << 16


class TooLarge(Exception):
    """More than 4 GiB in a zip without Zip64."""


def zipped(
    members: Iterable[tuple[str, Iterable[Piece]]], when: datetime, zip64: bool = True
) -> Iterator[bytes]:
    """The zip's bytes, a quarter of a MB at a time; the first ones come at once.

    `members`: path → content, taken in their order. `when`: the time of all members. Raises
    TooLarge where Zip64 is not allowed and the zip does not do without it.
    """
    waiting, size = list[bytes](), _SENT
    for part in _Zip(when, zip64).parts(members):
        waiting.append(part)
        size += len(part)
        if size >= _SENT:
            yield b"".join(waiting)
            waiting, size = [], 0
    yield b"".join(waiting)


class _Zip:
    def __init__(self, when: datetime, zip64: bool) -> None:
        self._zip64 = zip64
        self._version = 45 if zip64 else 20
        self._time = pack(
            "<HH",
            when.hour << 11 | when.minute << 5 | when.second // 2,
            (when.year - 1980) << 9 | when.month << 5 | when.day,
        )
        # The time once more, in seconds since 1970, for programs that know zones.
        self._unix_time = pack("<HHBl", 0x5455, 5, 1, int(when.timestamp())) if zip64 else b""
        self._offset = 0
        self._directory: list[bytes] = []

    def parts(self, members: Iterable[tuple[str, Iterable[Piece]]]) -> Iterator[bytes]:
        for name, pieces in members:
            for part in self._member(name.encode(), pieces):
                self._offset += len(part)
                yield part
        yield self._end()

    def _member(self, name: bytes, pieces: Iterable[Piece]) -> Iterator[bytes]:
        header, checksum, size = self._header(name), 0, 0
        begin = self._offset
        yield header
        compressor = isal_zlib.compressobj(_LEVEL, isal_zlib.DEFLATED, -isal_zlib.MAX_WBITS)
        for piece in pieces:
            size += len(piece)
            for start in range(0, len(piece), _CHUNK):
                chunk = piece[start : start + _CHUNK]
                checksum = isal_zlib.crc32(chunk, checksum)
                if part := compressor.compress(chunk):
                    yield part
        yield compressor.flush()
        compressed = self._offset - begin - len(header)
        self._expect_small(begin, size, compressed)
        yield b"PK\7\x08" + pack("<LQQ" if self._zip64 else "<LLL", checksum, compressed, size)
        self._directory.append(self._entry(name, begin, checksum, compressed, size))

    def _header(self, name: bytes) -> bytes:
        sizes = _MOST if self._zip64 else 0
        extra = (pack("<HHQQ", 1, 16, 0, 0) if self._zip64 else b"") + self._unix_time
        lengths = pack("<LLLHH", 0, sizes, sizes, len(name), len(extra))
        return b"PK\3\4" + pack("<H", self._version) + self._kind() + lengths + name + extra

    def _kind(self) -> bytes:
        return pack("<HH", _SIZES_FOLLOW | _UTF_8, _DEFLATED) + self._time

    def _entry(self, name: bytes, begin: int, checksum: int, compressed: int, size: int) -> bytes:
        """What the directory says about a member."""
        extra = self._unix_time
        if self._zip64:
            extra = pack("<HHQQQ", 1, 24, size, compressed, begin) + extra
            begin = compressed = size = _MOST
        versions = pack("<BBH", self._version, _UNIX, self._version)
        sizes = pack("<LLLHH", checksum, compressed, size, len(name), len(extra))
        place = pack("<HHHLL", 0, 0, 0, _ATTRIBUTES, begin)
        return b"PK\1\2" + versions + self._kind() + sizes + place + name + extra

    def _end(self) -> bytes:
        """The directory, and where it is."""
        directory = b"".join(self._directory)
        members, size, begin = len(self._directory), len(directory), self._offset
        self._expect_small(begin)
        if not self._zip64:
            return directory + pack("<4sHHHHLLH", b"PK\5\6", 0, 0, members, members, size, begin, 0)
        place = pack("<QQQQ", members, members, size, begin)
        end = b"PK\6\6" + pack("<QBBHLL", 44, self._version, _UNIX, self._version, 0, 0) + place
        locator = pack("<4sLQL", b"PK\6\7", 0, begin + size, 1)
        old = pack("<4sHHHHLLH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, _MOST, _MOST, 0)
        return directory + end + locator + old

    def _expect_small(self, *numbers: int) -> None:
        if not self._zip64 and max(numbers) > _MOST:
            raise TooLarge
