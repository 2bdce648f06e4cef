"""What a figure depends on besides the code: the machine, and the versions of what does it."""

import os
import platform
import sys
from datetime import UTC, datetime
from importlib.metadata import distributions, version
from pathlib import Path
from typing import Any

import psutil

_PACKAGES = ("ckanext-export", "ckan", "gunicorn", "pyarrow", "numpy", "isal")
_PEERS = ("duckdb", "psycopg2-binary", "pandas", "deltalake", "pyiceberg", "hudi", "moto")


def describe(load_before: float, peer_packages: Path) -> dict[str, Any]:
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30),
        "system": f"{platform.system()} {platform.release()}",
        "load_before": round(load_before, 1),
        "versions": {
            "Python": platform.python_version(),
            **{name: version(name) for name in (*_PACKAGES, *_PEERS)},
            **{
                found.name: found.version
                for found in distributions(path=[str(peer_packages)])
                if found.name in ("pandas", "lxml")
            },
        },
    }


def _processor() -> str:
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
