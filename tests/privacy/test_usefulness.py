"""What the default rules leave is still worth having."""

from ckanext.export.lake import open_lake
from ckanext.export.observations import SCHEMA
from ckanext.export.privacy import Protection
from ckanext.export.privacy.report import report
from ckanext.export.query import Query
from tests.builders import export_rows, policy
from tests.privacy.defaults import DEFAULTS


def test_the_demo_lake_keeps_nearly_all_states(demo_lake):
    rules = policy(**DEFAULTS)
    had = kept = 0
    with open_lake(str(demo_lake)).scan(rules.narrow(Query())) as scan:
        for batch in scan.batches():
            had += len(batch) - batch.column("state").null_count
            for left in Protection(rules).protect([batch]):
                assert left.schema == SCHEMA
                kept += len(left) - left.column("state").null_count

    assert had > 10_000
    assert kept >= 0.95 * had


def test_the_demo_lake_keeps_the_names_of_rooms_and_quantities(demo_lake):
    names = {row["entity_id"] for row in export_rows(demo_lake, policy=policy(**DEFAULTS))}

    assert {"sensor.kitchen_temperature", "binary_sensor.kitchen_motion"} <= names
    assert sum("_x" in name or ".x" in name for name in names) < 0.1 * len(names)


def test_the_report_says_so(demo_lake):
    with open_lake(str(demo_lake)).scan(Query()) as scan:
        lines = list(report(scan.batches(), policy(**DEFAULTS)))

    [kept] = [line for line in lines if line.startswith("states:")]
    assert float(kept.removeprefix("states: ").partition(" %")[0]) >= 95
