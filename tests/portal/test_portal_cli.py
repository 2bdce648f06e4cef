"""What ./portal says and does when something stands in its way."""

import contextlib
import json
import os
import pty
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal_stack import arguments, processes, testing
from portal_stack.cli import goodbye
from portal_stack.errors import PortTaken, disk_full, explain
from portal_stack.home import Home, is_free
from portal_stack.portal import Choices, Portal

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "a home").make()


@pytest.fixture
def stranger():
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    yield child
    child.kill()
    child.wait()


def portal(*words: str, python: str = sys.executable) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [python, str(CHECKOUT / "portal"), *words],
        cwd="/",
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that another program holds."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def test_a_port_that_another_program_holds_is_refused_before_anything_is_done(home, taken):
    with pytest.raises(PortTaken, match=f"Port {taken} .*--port"):
        Portal(home, Choices(port=taken)).check_port()

    assert not home.ini.exists()


def test_a_first_portal_is_told_of_a_taken_port_before_anything_is_installed(tmp_path, taken):
    answer = portal("--home", str(tmp_path / "none"), "up", "--port", str(taken))

    assert answer.returncode == 1
    assert f"Port {taken} of 127.0.0.1 is taken" in answer.stderr
    assert not (tmp_path / "none").exists()


def test_on_a_terminal_the_time_of_a_step_is_seen_to_pass():
    program = """
import time
from portal_stack.steps import Steps
with Steps().step("A long step", lambda: "7 MB so far") as step:
    time.sleep(1.5)
    step.note = "done"
"""
    screen, terminal = pty.openpty()
    command = [sys.executable, "-c", program]
    subprocess.run(command, cwd=CHECKOUT, stdout=terminal, check=True, timeout=60)
    os.close(terminal)

    shown = "".join(written(screen))
    os.close(screen)

    assert re.search(r"\r  A long step \.+ +\d+\.\d s  7 MB so far", shown)
    assert re.search(r"\d+\.\d s  done\s*\Z", shown)


def written(screen: int) -> Iterator[str]:
    with contextlib.suppress(OSError):  # how Linux tells the end
        while piece := os.read(screen, 1000):
            yield piece.decode()


@pytest.mark.parametrize(
    ("code", "whole"), [(0, True), (1, True), (5, True), (2, False), (-9, False)]
)
def test_after_tests_that_were_interrupted_the_database_is_not_trusted(code, whole):
    assert testing.was_whole(code) == whole


def test_what_is_printed_last_stops_the_portal_of_this_home(home, tmp_path):
    (tmp_path / "lake/date=2016-01-11").mkdir(parents=True)
    choices = Choices(lake=str(tmp_path / "lake"))

    elsewhere = goodbye(Portal(home, choices), changed=True, seconds=1)
    usual = goodbye(Portal(Home(arguments.DEFAULT_HOME), choices), changed=True, seconds=1)

    assert elsewhere.endswith(f"  ./portal down --home '{home.path}'")
    assert usual.endswith("  ./portal down")


def test_a_remembered_port_taken_by_a_stranger_is_replaced(home):
    first = home.port("solr", in_use=False)
    with socket.socket() as other:
        other.bind(("127.0.0.1", first))
        other.listen()

        second = home.port("solr", in_use=False)

    assert second != first
    assert home.port("solr", in_use=False) == second


def test_a_reused_process_id_is_never_stopped(home, stranger):
    note = home.pid_file("solr")
    processes.Running(stranger.pid, "another boot/1", "", "SIGKILL").write(note)

    assert processes.alive(note) is None
    assert processes.stop(note) is False
    assert stranger.poll() is None
    assert not note.exists()


def test_a_service_that_was_started_is_recognised_and_stopped(home, stranger):
    note = home.pid_file("solr")
    began = processes.began(stranger.pid)
    assert began
    processes.Running(stranger.pid, began, "", "SIGTERM").write(note)

    assert processes.alive(note)
    assert processes.stop(note) is True
    assert stranger.wait(5) == -signal.SIGTERM


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": 1}', '{"pid": 1, "port": 2}'])
def test_a_pid_file_of_an_older_or_broken_kind_means_not_running(home, content):
    note = home.pid_file("ckan")
    note.write_text(content)

    assert processes.alive(note) is None


def test_two_commands_on_one_home_do_not_collide(home):
    with home.lock():
        answer = portal_down(home)

    assert answer.returncode == 1
    assert "Another ./portal command is at work" in answer.stderr
    assert "Traceback" not in answer.stderr


def portal_down(home: Home) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "portal_stack", "down", "--home", str(home.path)],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_folder_that_it_is_called_from_does_not_matter(tmp_path):
    other = tmp_path / "portal_stack"
    other.mkdir()
    (other / "__init__.py").touch()
    (other / "__main__.py").write_text("print('the wrong portal')")
    environment = Path(sys.prefix).parent
    command = [str(CHECKOUT / "portal"), "status", "--home", str(environment)]

    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)

    assert str(environment / "log") in answer.stdout
    assert "wrong" not in answer.stdout


def test_secrets_are_generated_and_private(home, tmp_path):
    other = Home(tmp_path / "other").make()

    assert home.secret("privacy_key") == home.secret("privacy_key")
    assert home.secret("privacy_key") != other.secret("privacy_key")
    for path in (home.path, home.path / "secrets.json"):
        assert path.stat().st_mode & 0o077 == 0


def test_status_and_down_of_a_home_that_does_not_exist_say_so(tmp_path):
    for command in ("status", "down", "ckan"):
        answer = portal(command, "--home", str(tmp_path / "none"))

        assert answer.returncode == 1
        assert "run `./portal up` first" in answer.stderr
        assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    "words", [["up", "--port", "0"], ["up", "--port", "x"], ["up", "--set", "a"], ["fly"], []]
)
def test_wrong_arguments_are_named_before_anything_is_installed(words, tmp_path):
    answer = portal("--home", str(tmp_path / "none"), *words)

    assert answer.returncode == 2
    assert "error:" in answer.stderr
    assert not (tmp_path / "none").exists()


def test_arguments_of_other_programs_are_passed_on_untouched(tmp_path):
    found = arguments.parse(["--home", str(tmp_path), "ckan", "user", "--home", "-x"])

    assert (found.home, found.rest) == (tmp_path, ["user", "--home", "-x"])
    assert arguments.parse(["test", "-k", "up or down"]).rest == ["-k", "up or down"]


def old_pythons() -> list[str]:
    found = (shutil.which(f"python3.{minor}") for minor in (6, 7, 8, 9, 10))
    works = (
        p for p in found if p and subprocess.run([p, "-c", ""], capture_output=True).returncode == 0
    )
    return list(works)


def test_an_old_python_is_told_what_is_needed():
    """Where there is no old Python at hand, the version check is run with a made-up version."""
    text = (CHECKOUT / "portal").read_text()
    program = (
        "import sys; sys.version_info = (3, 8, 0); sys.argv = ['portal', 'up']\n"
        "import os; os.environ['PATH'] = ''\n"
        f"exec(compile({text!r}, {str(CHECKOUT / 'portal')!r}, 'exec'),"
        f" {{'__name__': '__main__', '__file__': {str(CHECKOUT / 'portal')!r}}})"
    )
    for python in [sys.executable, *old_pythons()]:
        answer = subprocess.run([python, "-c", program], capture_output=True, text=True)

        assert answer.returncode == 1
        assert "needs Python 3.11 or newer and this is 3.8" in answer.stderr


@pytest.mark.parametrize(
    ("log", "says"),
    [
        ("error: failed to fetch https://example.org (dns error)", "check the network"),
        ("OSError: [Errno 28] No space left on device", "free some space"),
        ("something else", "the reason is at the end of"),
    ],
)
def test_a_failed_installation_is_explained(tmp_path, log, says):
    path = tmp_path / "install.log"
    path.write_text(log)

    assert says in str(explain("Installing failed", path, downloads=True))


def test_a_full_disk_names_the_disk(tmp_path):
    assert str(tmp_path) in str(disk_full(tmp_path))


def test_old_complaints_in_a_log_are_not_taken_for_new_ones(tmp_path):
    path = tmp_path / "ckan.log"
    path.write_text("no space left on device")
    size = path.stat().st_size

    assert "disk" not in str(explain("CKAN did not start", path, since=size))


def test_an_interrupted_command_leaves_no_half_written_state(home):
    (home.path / f".state.json.{os.getpid()}").write_text('{"choi')
    home.remember(choices={"port": 5001, "lake": None, "settings": {"a": "b"}})

    assert Choices.remembered(home) == Choices(5001, None, {"a": "b"})
    assert json.loads((home.path / "state.json").read_text())["choices"]["port"] == 5001


def test_a_free_port_is_recognised():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert not is_free(port)
    assert is_free(port)
