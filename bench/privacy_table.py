"""What the privacy rules cost, format by format."""

from . import targets
from .measure import FORMATS, Record
from .table import Table, beside, millions, number

_PRIVACY_WORDS = (
    "The whole lake to a zip in a process of its own, without HTTP, under the default rules and "
    "with a stand-in that lets every column leave as it is, so that it also writes more."
)


def privacy_table(record: Record) -> Table:
    rows = [
        [
            kind.upper(),
            number(millions(record, "privacy on", kind)),
            number(millions(record, "privacy off", kind)),
            beside(record.ratio("privacy on", ["privacy off"], kind), targets.PRIVACY, 2, "≥"),
            number(record.typical("privacy on", kind, "cpu"), 1),
            number(record.typical("privacy off", kind, "cpu"), 1),
        ]
        for kind in FORMATS
    ]
    head = ["Format", "million/s", "without the rules", "ratio", "CPU, s", "CPU without, s"]
    return Table("What the privacy rules cost", head, rows, _PRIVACY_WORDS)
