"""pyarrow's compute functions, untyped: pyarrow makes them at import, unseen by type checkers."""

from typing import Any

import pyarrow.compute

pc: Any = pyarrow.compute
