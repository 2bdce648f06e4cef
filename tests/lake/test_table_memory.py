"""Memory does not follow the size of a table, nor that of one of its files."""

import deltalake
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.builders import LAKE_SCHEMA, write_large_day
from tests.lake.delta_log import write_delta
from tests.lake.iceberg_log import write_iceberg
from tests.package.test_large import measure


def delta_table(folder, rows):
    deltalake.write_deltalake(folder, rows)
    return write_delta(folder)


def iceberg_table(folder, rows):
    table = write_iceberg(folder)
    table.append(rows)
    return f"iceberg+{table.metadata_location}"


@pytest.mark.slow
@pytest.mark.parametrize("write", [delta_table, iceberg_table])
def test_ten_times_the_rows_in_one_file_take_the_same_memory(tmp_path, write):
    peaks = []
    for number in (300_000, 3_000_000):
        folder = tmp_path / f"{number}"
        path = write_large_day(folder, "2022-06-20", number, "few")
        rows: pa.Table = pq.ParquetFile(path).read().cast(LAKE_SCHEMA)
        counted, peak = measure(write(folder / "table", rows), "csv")
        assert counted == number
        peaks.append(peak)

    assert peaks[1] - peaks[0] < 120
