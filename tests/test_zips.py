"""Zips as others read them: Python's zipfile, Info-ZIP's unzip and zipinfo."""

import io
import subprocess
import zipfile
from datetime import UTC, datetime

import pytest

from ckanext.export.zips import TooLarge, zipped

WHEN = datetime(2026, 3, 4, 5, 6, 8, tzinfo=UTC)
MEMBERS = {
    "observations.csv": b"home,state\r\n" * 100_000,
    "casa número 1 – 家.txt": "çã\n".encode(),
    "empty": b"",
}


def made(members=MEMBERS, **options) -> bytes:
    return b"".join(zipped(((name, [text]) for name, text in members.items()), WHEN, **options))


@pytest.mark.parametrize("zip64", [True, False])
def test_python_reads_what_went_in(zip64):
    with zipfile.ZipFile(io.BytesIO(made(zip64=zip64))) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == MEMBERS
        assert archive.testzip() is None
        assert {info.date_time for info in archive.infolist()} == {(2026, 3, 4, 5, 6, 8)}


@pytest.mark.parametrize("zip64", [True, False])
def test_unzip_makes_the_same_files_at_the_same_time(tmp_path, zip64):
    file = tmp_path / "made.zip"
    file.write_bytes(made(zip64=zip64))
    environment = {"TZ": "UTC", "LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"}
    command = ["unzip", "-q", str(file), "-d", str(tmp_path / "out")]
    answer = subprocess.run(command, capture_output=True, text=True, env=environment)

    assert (answer.returncode, answer.stderr) == (0, "")
    for name, text in MEMBERS.items():
        out = tmp_path / "out" / name
        assert out.read_bytes() == text
        assert out.stat().st_mtime == WHEN.timestamp()
        assert out.stat().st_mode & 0o777 == 0o644


def test_any_pieces_make_the_same_members():
    text = bytes(range(256)) * 5000
    pieces = [text[:1], memoryview(text)[1:1_000_000], b"", memoryview(text)[1_000_000:]]
    archive = b"".join(zipped([("data", pieces)], WHEN))

    assert zipfile.ZipFile(io.BytesIO(archive)).read("data") == text


def test_the_first_bytes_come_before_the_first_piece():
    def unasked():
        pytest.fail("nobody has asked for this yet")
        yield b""

    assert next(zipped([("data", unasked())], WHEN)).startswith(b"PK\x03\x04")


def test_without_any_member_it_is_an_empty_zip():
    assert zipfile.ZipFile(io.BytesIO(b"".join(zipped([], WHEN)))).namelist() == []


def test_more_than_4_gib_need_zip64():
    noughts = [memoryview(bytes(64 << 20))] * 65
    with pytest.raises(TooLarge):
        for _ in zipped([("noughts", noughts)], WHEN, zip64=False):
            pass
