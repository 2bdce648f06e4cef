"""Downloads from Maven Central, by `jgo` in a process of its own."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from portal_stack.errors import explain
from portal_stack.home import Home
from portal_stack.services import clean_environment


@contextmanager
def downloaded(home: Home, title: str, script: str, *words: str) -> Iterator[list[Path]]:
    """The files that a script names, a line each; in the cache, which is deleted afterwards.

    Raises PortalError. What the download of an interrupted start has left is used again.
    """
    cache = cache_of(home)
    cache.mkdir(parents=True, exist_ok=True)
    log = home.log(f"{title.lower()}-download")
    settings = {"M2_REPO": str(cache), "JGO_CONFIG_FILE": str(cache / "none.conf")}
    with log.open("wb") as output:
        done = subprocess.run(
            [sys.executable, "-c", script, *words],
            env=clean_environment(home) | settings,
            stdout=subprocess.PIPE,
            stderr=output,
            text=True,
            pass_fds=home.locks,
        )
    if done.returncode:
        raise explain(f"Downloading {title} from Maven Central failed", log, downloads=True)
    yield [Path(line) for line in done.stdout.splitlines()]
    shutil.rmtree(cache)


def so_far(home: Home) -> str:
    """How much of a download has come, in words; empty while files are moved."""
    try:
        sizes = sum(file.stat().st_size for file in cache_of(home).rglob("*.jar"))
    except OSError:
        return ""
    return f"{sizes / 1e6:.0f} MB so far"


def cache_of(home: Home) -> Path:
    return home.path / "cache" / "maven"
