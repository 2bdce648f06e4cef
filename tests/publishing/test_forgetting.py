"""A home that must be forgotten is in nothing that leaves, from that moment on."""

import json
import logging
from collections.abc import Callable

import ckan.plugins.toolkit as tk
import pytest
import sqlalchemy as sa
from ckan import model
from ckan.lib.jobs import get_queue
from ckan.tests.helpers import call_action

from ckanext.export import forgetting, keys, orders
from ckanext.export.errors import Misconfigured
from ckanext.export.formats import registry
from tests.builders import observation, read_csv, some_rows
from tests.publishing.forgetting import HOME, OTHERS, act, data_of, fill, members, pseudonyms

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db")


class TestWhatLeaves:
    def test_every_format_is_that_of_a_lake_without_the_home(self, app, lake, forget):
        path = f"/api/export/dataset?formats={','.join(registry())}"
        everything = data_of(app.get(path))
        forget()
        without = data_of(app.get(path))

        fill(lake, OTHERS)
        assert without == data_of(app.get(path))
        assert len(without) == len(registry())
        assert not [name for name in without if without[name] == everything[name]]

    def test_nothing_beside_the_data_counts_it(self, app, lake, forget):
        forget()
        found = members(app.get("/api/export/csv"))

        manifest = json.loads(found["manifest.json"])
        assert (manifest["rows"], manifest["homes"]) == (45, 3)

    def test_the_summary_and_the_first_rows(self, app, lake, forget):
        pseudonym = orders.policy().pseudonym(HOME)
        assert call_action("export_summary_show")["homes"] == 4
        assert pseudonym in app.get("/export/preview?formats=csv").body
        forget()

        assert call_action("export_summary_show")["homes"] == 3
        assert call_action("export_summary_show")["rows"] == 45
        assert pseudonym not in app.get("/export/preview?formats=csv").body

    def test_an_export_of_that_home_alone_is_empty(self, app, lake, forget, ckan_config):
        fill(lake, [observation(home=HOME)])
        assert app.get("/api/export/csv").status_code == 200
        forget()

        assert app.get("/api/export/csv").status_code == 204

    @pytest.mark.ckan_config("ckanext.export.privacy.min_homes", 4)
    def test_it_does_not_count_for_the_fewest_homes(self, app, lake, forget):
        assert app.get("/api/export/csv").status_code == 200
        forget()

        assert app.get("/api/export/csv").status_code == 403

    def test_a_home_whose_id_is_a_part_of_it_stays(self, app, lake, forget):
        rows = [observation(home=home) for home in ("casa", "casa-1", "a casa")]
        fill(lake, rows)
        before = pseudonyms(app.get("/api/export/csv"))
        gone = orders.policy().pseudonym("casa")
        forget("casa")

        assert pseudonyms(app.get("/api/export/csv")) == before - {gone}

    def test_undone_it_is_there_again(self, app, lake, forget):
        before = app.get("/api/export/csv")
        forget()
        assert forget(undo=True) == {"changed": True, "prepared": 0, "published": 0, "job": None}

        assert data_of(app.get("/api/export/csv")) == data_of(before)
        assert not forget(undo=True)["changed"]

    def test_twice_is_once(self, forget):
        assert forget()["changed"]
        assert not forget()["changed"]


class TestTheKeys:
    def test_a_rotation_makes_other_pseudonyms(self, app, lake, chief):
        before, id = pseudonyms(app.get("/api/export/csv")), orders.policy().key_id
        keys.rotate()
        once = pseudonyms(app.get("/api/export/csv"))
        keys.rotate()
        twice = pseudonyms(app.get("/api/export/csv"))

        assert [len(found) for found in (before, once, twice, before | once | twice)] == [
            4,
            4,
            4,
            12,
        ]
        assert orders.policy().key_id != id

    def test_a_rotation_makes_other_tokens_of_words(self, app, lake, chief):
        fill(lake, [observation(entity_id="sensor.ana_temperature")])

        def tokens() -> set[str]:
            (content,) = data_of(app.get("/api/export/csv")).values()
            return {row["entity_id"] for row in read_csv(content)}

        before = tokens()
        keys.rotate()

        assert not before & tokens()

    def test_a_rotation_forgets_nobody_less(self, app, lake, forget):
        forget()
        keys.rotate()

        assert len(pseudonyms(app.get("/api/export/csv"))) == 3
        assert not forget()["changed"]

    @pytest.mark.ckan_config("ckanext.export.privacy.key", "another key of the tests")
    def test_nor_does_another_configured_key(self, app, lake, forget, ckan_config):
        forget()
        ckan_config["ckanext.export.privacy.key"] = "still another key of the tests"

        assert len(pseudonyms(app.get("/api/export/csv"))) == 3

    def test_without_its_key_nothing_leaves(self, app, lake, forget):
        forget()
        statement = "DELETE FROM system_info WHERE key LIKE 'ckanext.export.privacy.forget%'"
        model.Session.execute(sa.text(statement))
        model.Session.commit()

        assert app.get("/api/export/csv").status_code == 500
        with pytest.raises(Misconfigured) as caught:
            keys.forget("another")
        assert "backup" in caught.value.inside

    def test_without_the_table_nothing_leaves(self, app, lake, forget, migrate_db_for):
        migrate_db_for("export", "0001_jobs", False)
        try:
            assert app.get("/api/export/csv").status_code == 500
            with pytest.raises(tk.ValidationError):
                call_action("export_summary_show")
            with pytest.raises(Misconfigured) as caught:
                orders.policy()
            assert "ckan db upgrade -p export" in caught.value.inside
        finally:
            migrate_db_for("export")

    def test_keys_are_shown_nowhere(self, app, lake, forget, chief):
        forget()
        keys.rotate()
        table = sa.table("system_info", sa.column("key"), sa.column("value"))
        ours = table.c.key.like("ckanext.export.privacy.%")
        secrets = list(model.Session.scalars(sa.select(table.c.value).where(ours)))
        assert len(secrets) == 2
        headers = {"Authorization": chief["token"]}
        told = [
            *members(app.get("/api/export/csv")).values(),
            app.get("/ckan-admin/export", headers=headers).data,
            app.get("/ckan-admin/config", headers=headers).data,
        ]

        assert not [1 for text in told for secret in secrets if secret.encode() in text]


class TestWhatIsKeptOfIt:
    @pytest.fixture
    def everything_kept(self) -> Callable[[], str]:
        def everything() -> str:
            tables = sa.inspect(model.Session.connection()).get_table_names()
            rows = [
                str(tuple(row))
                for table in tables
                for row in model.Session.execute(
                    sa.select(sa.text("*")).select_from(sa.table(table))
                )
            ]
            queued = [repr(job.to_dict()) for job in get_queue().jobs]
            return "\n".join(rows + queued)

        return everything

    def test_only_a_hash(self, app, lake, publish, forget, everything_kept, caplog):
        caplog.set_level(logging.DEBUG)
        home = "Rua-das-Flores-7"
        fill(lake, [*some_rows(), observation(home=home)])
        publish(month="2022-06")
        pseudonym = orders.policy().pseudonym(home)
        told = json.dumps(forget(home), default=str)
        app.get("/api/export/csv")

        for text in (told, everything_kept(), caplog.text):
            assert home not in text
            assert pseudonym not in text
        assert len(keys.forgotten()[1]) == 1

    @pytest.mark.parametrize("data", [{}, {"home": ""}, {"home": 7}, {"home": ["x"]}])
    def test_what_is_no_home_is_refused(self, chief, data):
        with pytest.raises(tk.ValidationError) as caught:
            act("export_home_forget", chief, **data)
        assert list(caught.value.error_dict) == ["home"]

    def test_a_mistake_does_not_repeat_it(self, app, chief, caplog):
        caplog.set_level(logging.DEBUG)
        headers = {"Authorization": chief["token"]}
        data = {"home": HOME, "reason": "moved"}
        answer = app.post("/api/3/action/export_home_forget", json=data, headers=headers)

        assert answer.status_code == 409
        assert HOME not in answer.body
        assert HOME not in caplog.text


def test_whether_the_lake_has_a_home(lake):
    assert forgetting.is_in_lake(orders.lake(), HOME, 60)
    assert forgetting.is_in_lake(orders.lake(), HOME.upper() + "?", 60) is False
    for path in lake.glob("*/*.parquet"):
        path.write_bytes(b"broken")
    assert forgetting.is_in_lake(orders.lake(), HOME, 60) is None
