"""What an export costs the portal does not depend on how many rows it has."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import requests

from portal_stack.portal import Portal
from tests.builders import write_large_day
from tests.conftest import StartPortal

DAYS = [f"2022-{month:02}-{day:02}" for month in (6, 7, 8, 9) for day in range(1, 19)]
FEW, ROWS_A_DAY = 12, 80_000  # enough to fill the pipeline and what is remembered
SIMILAR = 60_000_000
MOST = 350_000_000


@pytest.fixture(scope="module")
def large_portal(
    start_portal: StartPortal, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Portal, int]]:
    """A portal, and the bytes of memory that it has before its first export.

    Its lake repeats nothing but its entities: every state is another one.
    """
    lake = tmp_path_factory.mktemp("growth")
    for day in DAYS:
        write_large_day(lake, day, ROWS_A_DAY)
    running = start_portal("growth", lake=lake)
    requests.get(f"{running.url}/api/export/formats", timeout=30)
    yield running, server(running).memory_info().rss
    shutil.rmtree(lake)


def server(portal: Portal) -> psutil.Process:
    assert portal.pid
    [serving] = psutil.Process(portal.pid).children()
    return serving


def forget_peak(process: psutil.Process) -> None:
    """Makes the highest memory so far the present one (Linux, proc_pid_clear_refs(5))."""
    Path(f"/proc/{process.pid}/clear_refs").write_text("5")


def peak(process: psutil.Process) -> int:
    """The most memory, in bytes, that the process has had since its peak was forgotten."""
    status = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    [high] = [line.split()[1] for line in status if line.startswith("VmHWM:")]
    return int(high) * 1024


def export(portal: Portal, formats: str, days: list[str]) -> None:
    parameters = {"date_from": days[0], "date_to": days[-1], "formats": formats}
    address = f"{portal.url}/api/export/dataset"
    with requests.get(address, parameters, stream=True, timeout=300) as answer:
        assert answer.status_code == 200
        for _ in answer.iter_content(1 << 20):
            pass


@pytest.mark.skipif(
    not os.access("/proc/self/clear_refs", os.W_OK), reason="needs Linux's account of memory"
)
@pytest.mark.parametrize("formats", ["csv", pytest.param("csv,json,xml", marks=pytest.mark.slow)])
def test_six_times_the_rows_need_no_more_memory(large_portal, formats):
    running, idle = large_portal
    process = server(running)
    export(running, formats, DAYS[:FEW])  # the first one also loads what all need
    used = []
    for days in (DAYS[:FEW], DAYS):
        forget_peak(process)
        export(running, formats, days)
        used.append(peak(process) - idle)

    few, many = used
    print(f"{formats}: {few / 1e6:.0f} MB → {many / 1e6:.0f} MB")  # shown by pytest -s
    assert many - few < SIMILAR, f"{few:,} → {many:,} bytes"
    assert 0 < few < MOST, f"{few:,} bytes"
    assert many < MOST, f"{many:,} bytes"
