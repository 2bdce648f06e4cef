"""What of pyarrow is decided for the whole process.

Its compute functions come untyped: pyarrow makes them at import, unseen by type checkers. Its
memory comes from jemalloc, which holds 60 MB less than mimalloc during an export and costs the
same time, unless the administrator chose by `ARROW_DEFAULT_MEMORY_POOL`.
"""

import os
from typing import Any

import pyarrow as pa
import pyarrow.compute

pc: Any = pyarrow.compute

if "jemalloc" in pa.supported_memory_backends() and not os.environ.get("ARROW_DEFAULT_MEMORY_POOL"):
    pa.set_memory_pool(pa.jemalloc_memory_pool())
