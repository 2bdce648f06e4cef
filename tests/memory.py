"""How much memory an export takes, measured in a process of its own (Linux)."""

import re
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]
PEAK = """
import sys
from ckanext.export.export import Export
from ckanext.export.lake import open_lake
from tests.builders import order

export = Export(open_lake(sys.argv[1]), order(*sys.argv[2:]))
size = sum(map(len, export))
export.close()
with open("/proc/self/status") as status:
    peak = next(line for line in status if line.startswith("VmHWM"))
print(export.tally.rows, size, peak)
"""


def measure(lake: Path, *formats: str) -> tuple[int, int]:
    """Rows exported, and the peak memory in MB."""
    command = [sys.executable, "-c", PEAK, str(lake), *formats]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True)
    rows, kilobytes = re.findall(r"\d+", done.stdout)[0], re.findall(r"\d+", done.stdout)[-1]
    return int(rows), int(kilobytes) // 1024
