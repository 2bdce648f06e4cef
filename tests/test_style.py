"""Lint, format and types of the whole checkout, judged by the tools themselves."""

import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    "tool",
    [
        ["ruff", "check", "--no-cache", "."],
        ["ruff", "format", "--check", "--no-cache", "."],
        ["pyright", "--pythonpath", sys.executable],
    ],
    ids=["ruff check", "ruff format", "pyright"],
)
def test_the_checkout_is_clean(tool):
    command = [sys.executable, "-m", *tool]

    answer = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True)  # noqa: S603

    assert answer.returncode == 0, answer.stdout + answer.stderr
