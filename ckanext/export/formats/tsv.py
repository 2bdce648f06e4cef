"""Tab-separated values, quoted as in CSV.

Cells that hold a tab, a line end or a quote stand in quotes, which spreadsheets, pandas, R,
DuckDB and PostgreSQL undo; the registered form of the media type can hold no such cells at all.
"""

import re

from ..observations import COLUMNS
from .csv import Csv


class Tsv(Csv):
    name = "tsv"
    media_type = "text/tab-separated-values"
    extension = "tsv"
    title = "TSV"
    description = "Tab-separated values, quoted like CSV, for tools that split lines at tabs."
    dialect = {"delimiter": "\t", "lineTerminator": "\n"}
    opening = "\t".join(COLUMNS) + "\n"
    separator = "\t"
    line_end = "\n"
    quoted = re.compile(r'["\t\r\n]')
