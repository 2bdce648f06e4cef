"""A peer: the dump of CKAN's own DataStore, in the same portal, with the same observations."""

import zipfile
from pathlib import Path
from typing import Any

import requests
from psycopg2 import sql

from ckanext.export.observations import COLUMNS, TIMES
from portal_stack.portal import Portal
from portal_stack.site import ORGANISATION

from .count import data_file, expect

_DATASET = "benchmark-datastore"


def fill(portal: Portal, archive: Path, rows: int) -> str:
    """Loads an export's CSV into a new DataStore table; returns the dump's address.

    The rows go straight into the table, without the trigger that makes the index for searching:
    a dump does not use that, and loading through the API would take an hour.
    """
    _act(portal, "dataset_purge", {"id": _DATASET}, absent=True)
    dataset = {"name": _DATASET, "owner_org": ORGANISATION}
    _act(portal, "package_create", dataset)
    fields = [{"id": n, "type": "timestamp" if n in TIMES else "text"} for n in COLUMNS]
    resource = {"package_id": _DATASET, "name": "observations"}
    made = _act(portal, "datastore_create", {"resource": resource, "fields": fields})
    table = sql.Identifier(made["resource_id"])
    columns = sql.SQL(", ").join(map(sql.Identifier, COLUMNS))
    load = sql.SQL("COPY {} ({}) FROM STDIN WITH (FORMAT csv, HEADER)").format(table, columns)
    database = f"{portal.site.name}_datastore"
    with portal.backing.postgres.connect(database) as cursor, zipfile.ZipFile(archive) as opened:
        cursor.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(table))
        with opened.open(data_file(opened, "csv")) as data:
            cursor.copy_expert(load, data)
        expect("COPY into the DataStore", cursor.rowcount, rows)
        cursor.execute(sql.SQL("VACUUM ANALYZE {}").format(table))
    return f"{portal.url}/datastore/dump/{made['resource_id']}"


def _act(portal: Portal, action: str, data: dict[str, Any], absent: bool = False) -> Any:
    """Calls an action as administrator. `absent`: that there is nothing to act on is fine."""
    answer = requests.post(
        f"{portal.url}/api/3/action/{action}",
        json=data,
        headers={"Authorization": portal.admin_token},
        timeout=300,
    )
    if absent and answer.status_code == 404:
        return None
    if not answer.ok:
        raise RuntimeError(f"{action} answered {answer.status_code}: {answer.text[:300]}")
    return answer.json()["result"]
