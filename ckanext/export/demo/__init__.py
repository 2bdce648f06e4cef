"""The demo lake: one measured house and homes derived from it, written as a file lake."""

from .lake import DemoLakeError, make_demo_lake

__all__ = ["DemoLakeError", "make_demo_lake"]
