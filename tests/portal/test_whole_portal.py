"""A portal from nothing to its end, by the commands that people type."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
import requests

from portal_stack.arguments import CHECKOUT
from portal_stack.home import Home, free_port

pytestmark = pytest.mark.slow

SERVICES = {"PostgreSQL", "Valkey", "Solr", "CKAN", "Job worker"}
Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "a home"


@pytest.fixture
def command(home: Path, tmp_path: Path):
    """Runs `./portal` on the home, from another folder."""

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(CHECKOUT / "portal"), "--home", str(home), *words],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=900,
        )

    yield run
    run("down")


def succeeds(answer: subprocess.CompletedProcess[str]) -> str:
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout


def states(answer: subprocess.CompletedProcess[str]) -> dict[str, str]:
    lines = [
        line.replace("Job worker", "Job_worker").split() for line in answer.stdout.splitlines()
    ]
    return {words[0].replace("_", " "): words[1] for words in lines}


def addresses(home: Path) -> set[str]:
    """Where the processes of a home listen."""
    return {
        socket.laddr.ip.removeprefix("::ffff:")  # as Java names it
        for process in psutil.process_iter()
        if str(home) in " ".join(_words(process))
        for socket in process.net_connections("inet")
        if socket.status == psutil.CONN_LISTEN
    }


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def test_a_portal_is_set_up_used_changed_and_stopped(command: Command, home: Path):
    port = free_port()
    url = f"http://127.0.0.1:{port}"

    first = succeeds(command("up", "--port", str(port)))
    for wanted in ("The portal is up", f"{url}/api/export/ui/", "curl -OJ", "manifest.json"):
        assert wanted in first
    assert requests.get(f"{url}/api/export/formats", timeout=30).text.startswith("csv, json, xml")
    running = command("status")
    assert (running.returncode, states(running)) == (0, dict.fromkeys(SERVICES, "running"))
    assert addresses(home) == {"127.0.0.1"}

    assert "was running already" in succeeds(command("up"))

    succeeds(command("up", "--no-export", "--set", "ckan.site_title=Homes of Hull"))
    assert "Homes of Hull" in requests.get(f"{url}/export", timeout=30).text
    settings = Home(home).ini.read_text()
    assert "ckan.max_resource_size = 5000" in settings

    assert "admin" in succeeds(command("ckan", "user", "list"))

    assert "The portal is down" in succeeds(command("down"))
    stopped = command("status")
    assert (stopped.returncode, states(stopped)) == (3, dict.fromkeys(SERVICES, "stopped"))

    again = succeeds(command("up", "--no-export"))
    assert "The portal is up" in again
    assert url in again  # the port is remembered
    assert "Homes of Hull" in requests.get(f"{url}/export", timeout=30).text
