"""What was to be reached."""

RATE = {"csv": 2.0, "json": 1.6, "xml": 1.6}  # million observations/s
SHARE = 0.6
DATASTORE = {"csv": 6, "json": 18, "xml": 40}  # times as fast
ORIGINAL = {"csv": 15}
PSQL = 1.3  # times as fast
FIRST_BYTE = 0.5  # seconds
GROWTH = 350  # MB
PRIVACY = 0.8  # of the rate without the rules
TRINO = 0.3  # million observations/s
