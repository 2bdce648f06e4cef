"""The administrator's page says how things are, and nothing that is secret."""

import json
import logging
from typing import Any

import pytest
from ckan import model
from lxml import html

from ckanext.export import jobs, recent
from ckanext.export.model import Job

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db")

KEY = "a key of the tests that nobody may see"


def page(app: Any, chief: dict[str, Any], path: str = "") -> str:
    answer = app.get(f"/ckan-admin/export{path}", headers={"Authorization": chief["token"]})
    assert answer.status_code == 200
    return answer.body


def words(page: str) -> str:
    return " ".join(" ".join(html.fromstring(page).itertext()).split())


def test_every_page_of_the_administrators_leads_there(app, chief):
    body = app.get("/ckan-admin/", headers={"Authorization": chief["token"]}).body

    assert "/ckan-admin/export" in html.fromstring(body).xpath("//a/@href")


def test_it_tells_about_the_lake(app, chief):
    told = words(page(app, chief, "/lake"))

    assert "Reachable Yes" in told
    assert "kind Parquet files" in told
    assert "Observations for export 60" in told
    assert "Homes 4" in told
    assert "Last observation 2022-06-22" in told


def test_it_tells_so_in_the_administrator_s_language(app, chief):
    answer = app.get("/pt_PT/ckan-admin/export/lake", headers={"Authorization": chief["token"]})

    told = words(answer.body)
    assert "tipo Parquet files" in told
    assert "colunas derivadas nenhuma" in told


def test_a_lake_that_cannot_be_reached_is_told_in_words(app, chief, ckan_config, tmp_path):
    ckan_config["ckanext.export.lake.url"] = str(tmp_path / "nowhere")

    told = words(page(app, chief, "/lake"))

    assert "Reachable No" in told
    assert "nowhere" in told
    assert page(app, chief)


@pytest.mark.ckan_config("ckanext.export.privacy.key", KEY)
def test_rules_are_shown_and_secrets_are_not(app, chief, ckan_config):
    ckan_config["ckanext.export.lake.storage"] = ["secret_key=hunter2"]
    ckan_config["ckanext.export.lake.url"] = "postgresql://reader:hunter2@127.0.0.1:1/x"
    bodies = [page(app, chief), page(app, chief, "/lake")]

    assert "air_quality" in words(bodies[0])
    assert "brightness" in words(bodies[0])
    assert all(text not in body for body in bodies for text in (KEY, "hunter2", "reader:"))


def test_it_names_what_the_template_lacks(app, chief, ckan_config):
    ckan_config["ckanext.export.dataset"] = "nowhere"

    assert "nowhere (ckanext.export.dataset) is not there" in words(page(app, chief))


def test_publishing_by_its_form(app, chief, run_jobs):
    headers = {"Authorization": chief["token"]}
    answer = app.post("/ckan-admin/export/publish", data={"month": "2022-06"}, headers=headers)
    run_jobs()

    assert "queued" in words(answer.body)
    told = words(page(app, chief))
    assert "Publication CSV · 2022-06-01 – 2022-06-30 · smart-home-observations" in told
    assert "Complete (100 %) 60" in told
    assert "Publication: CSV · 2022-06-01 – 2022-06-30 60" in told


def test_a_mistake_in_its_form_is_told(app, chief):
    headers = {"Authorization": chief["token"]}
    answer = app.post("/ckan-admin/export/publish", data={"month": "June"}, headers=headers)

    assert "yyyy-mm" in words(answer.body)


def test_cancelling_by_its_button(app, chief):
    asked = {"query": {}, "formats": ["csv"], "dataset": "x", "changed": False}
    job = jobs.create("publish", chief["id"], asked | {"query": NOTHING})
    body = html.fromstring(page(app, chief))
    (action,) = body.xpath("//form[contains(@action, 'cancel')]/@action")

    app.post(action, headers={"Authorization": chief["token"]})

    model.Session.expire_all()
    assert Job.get(job.id).state == "cancelled"
    assert not html.fromstring(page(app, chief)).xpath("//form[contains(@action, 'cancel')]")


NOTHING = {"date_from": [], "date_to": [], "types": [], "units": []}


def test_without_the_table_it_says_what_to_run(app, chief, migrate_db_for):
    migrate_db_for("export", "base", False)
    try:
        assert "ckan db upgrade -p export" in words(page(app, chief))
        headers = {"Authorization": chief["token"]}
        answer = app.post("/api/3/action/export_publish", json={}, headers=headers)
        assert answer.status_code == 409
        assert "table" in answer.json["error"]["message"][0]
        assert app.get("/api/export/csv").status_code == 500
    finally:
        migrate_db_for("export")


class TestTheLog:
    def lines(self, caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
        texts = [r.getMessage() for r in caplog.records if r.name == "ckanext.export.journal"]
        return [json.loads(text.removeprefix("export ")) for text in texts]

    @pytest.fixture(autouse=True)
    def heard(self, caplog):
        caplog.set_level(logging.INFO, "ckanext.export.journal")

    def test_a_line_for_every_export(self, app, chief, caplog):
        headers = {"Authorization": chief["token"]}
        data = app.get("/api/export/csv?types=light&date_from=2022-06-20", headers=headers).data

        (line,) = self.lines(caplog)
        assert line.pop("ended")
        assert line.pop("seconds") > 0
        assert line == {
            "occasion": "download",
            "formats": ["csv"],
            "date_from": "2022-06-20",
            "date_to": None,
            "types": ["light"],
            "units": [],
            "rows": 12,
            "bytes": len(data),
            "outcome": "complete",
        }
        assert recent.exports()[0]["bytes"] == len(data)
        assert "chief" not in caplog.records[-1].getMessage()

    @pytest.mark.parametrize(
        ("query", "outcome"),
        [("date_from=2030-01-01", "Empty dataset"), ("types=nothing", "Empty dataset")],
    )
    def test_one_that_does_not_begin(self, app, lake, caplog, query, outcome):
        app.get(f"/api/export/csv?{query}")

        (line,) = self.lines(caplog)
        assert (line["outcome"], line["rows"], line["bytes"]) == (outcome, 0, 0)

    def test_one_that_breaks_off(self, app, lake, caplog):
        last = max(lake.glob("*/*.parquet"))
        whole = last.read_bytes()
        last.write_bytes(whole[:200] + b"\0" * 400 + whole[600:])
        with pytest.raises(Exception, match="damaged"):
            assert app.get("/api/export/csv").data

        (line,) = self.lines(caplog)
        assert line["outcome"] == "cut"
