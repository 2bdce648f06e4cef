"""The page without JavaScript: a form that shows, explains or leads to the download."""

from urllib.parse import parse_qsl, urlsplit

import pytest
from ckan.tests import factories

from ckanext.export.query import Query
from tests.builders import export_rows, in_every_home, observation, write_lake

pytestmark = [
    pytest.mark.ckan_config("ckan.plugins", "export"),
    pytest.mark.usefixtures("with_plugins", "lake"),
]


def test_the_form_has_what_the_lake_has(visit):
    page = visit("/export")

    assert page.answer.status_code == 200
    assert page.offered("types") == ["sensor", "light", "climate"]
    assert page.offered("units") == ["°C", "%", "W"]
    assert page.offered("formats")[:3] == ["csv", "json", "xml"]
    assert page.checked("formats") == ["csv"]
    days = page.root.xpath('//input[@type="date"]')
    assert {(day.get("min"), day.get("max")) for day in days} == {("2022-06-20", "2022-06-22")}
    assert page.numbers() | {"Zip, about": ""} == {
        "Observations": "60",
        "Homes": "4",
        "Days": "3",
        "Zip, about": "",
    }


def test_every_format_says_what_it_is_good_for(visit, app):
    page = visit("/export")

    for kind in app.get("/api/3/action/export_format_list").json["result"]:
        assert kind["description"] in page.text('//ul[@class="export-formats"]')


def test_a_choice_is_counted_and_restored(visit):
    page = visit("/export?types=light,climate&date_from=2022-06-21&formats=json&formats=xml")

    assert page.numbers()["Observations"] == "20"
    assert page.checked("types") == ["light", "climate"]
    assert page.checked("formats") == ["json", "xml"]
    assert page.root.xpath('//input[@name="date_from"]/@value') == ["2022-06-21"]


def test_the_days_are_a_table(visit):
    page = visit("/export")

    lines = page.root.xpath('//table[@id="export-days-table"]//tr[@data-day]')
    assert [(line.get("data-day"), line.get("data-rows")) for line in lines] == [
        ("2022-06-20", "12"),
        ("2022-06-21", "24"),
        ("2022-06-22", "24"),
    ]


def test_the_first_rows_are_shown_on_demand(visit):
    page = visit("/export?types=light&do=preview")

    cells = page.root.xpath('//table[contains(@class, "export-rows")]/tbody/tr/td')
    header = page.root.xpath('//table[contains(@class, "export-rows")]//th/text()')
    assert header[:2] == ["home", "entity_id"]
    assert len(cells) == 10 * 8
    assert "villa-anna" not in page.answer.text
    assert {cell.text for cell in cells if (cell.text or "").startswith("light")} == {
        "light",
        "light.hall",
    }
    assert "KiB" in page.numbers()["Zip, about"]


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        ("formats=csv", "/api/export/csv"),
        ("formats=json&types=light&units=", "/api/export/json?types=light"),
        (
            "formats=csv&formats=xml&date_from=2022-06-21",
            "/api/export/dataset?date_from=2022-06-21&formats=csv&formats=xml",
        ),
    ],
)
def test_download_leads_to_the_api(app, asked, path):
    for locale in ("", "/de"):
        answer = app.get(f"{locale}/export?do=download&{asked}", follow_redirects=False)

        assert answer.status_code == 302
        where = answer.headers["Location"].removeprefix("http://test.ckan.net")
        assert parts(where) == parts(path)


def parts(address: str) -> tuple[str, list[tuple[str, str]]]:
    return urlsplit(address).path, sorted(parse_qsl(urlsplit(address).query))


@pytest.mark.parametrize(
    ("asked", "field", "words"),
    [
        ("date_from=2022-02-30", "date_from", "2022-02-30"),
        ("date_to=yesterday", "date_to", "yyyy-mm-dd"),
        ("date_from=2022-06-22&date_to=2022-06-21", "date_from", "swap the two"),
        ("date_from=2022-06-21&date_from=2022-06-22", "date_from", "one day"),
        ("formats=pdf", "formats", "pdf"),
        ("do=download&types=light", "formats", "at least one format"),
    ],
)
def test_a_mistake_stands_beside_its_field(visit, asked, field, words):
    page = visit(f"/export?{asked}")

    assert page.answer.status_code == 400
    assert words in page.note(field)
    assert words in page.text('//section[@class="export-result"]')
    others = {"date_from", "date_to", "types", "units", "formats"} - {field}
    assert [page.note(other) for other in others] == [""] * 4


def test_several_mistakes_are_told_at_once(visit):
    page = visit("/export?date_from=1&date_to=2&formats=3")

    assert all(page.note(field) for field in ("date_from", "date_to", "formats"))


def test_a_misspelt_filter_does_not_export_everything(visit):
    page = visit("/export?do=download&formats=csv&type=light")

    assert page.answer.status_code == 400
    assert "the filter type." in page.text('//form[@id="export-form"]//*[@role="alert"]')


@pytest.mark.parametrize(
    ("asked", "field", "words"),
    [
        ("date_from=2030-01-01", "date_from", "from 2022-06-20 to 2022-06-22"),
        ("types=person", "types", "person"),
        ("units=lx&types=light", "units", "lx"),
        ("units=W&types=light", "units", "other units"),
        ("units=W&types=light", "types", "other producer types"),
    ],
)
def test_an_empty_result_says_which_filter_empties_it(visit, asked, field, words):
    for button in ("", "&do=download&formats=csv"):
        page = visit(f"/export?{asked}{button}")

        assert page.answer.status_code == 200
        assert words in page.note(field)
        assert "No observation" in page.text("//*[@data-export-empty]")
        assert words in page.text("//*[@data-export-empty]")


def test_what_is_not_in_the_lake_stays_chosen(visit):
    page = visit("/export?types=person&units=lx")

    assert page.checked("types") == ["person"]
    assert page.checked("units") == ["lx"]


def test_too_few_homes_say_no_number(visit, tmp_path, ckan_config):
    rows = [*in_every_home(observation()), observation(unit="lx")]
    ckan_config["ckanext.export.lake.url"] = str(write_lake(tmp_path / "few", rows))

    for path in ("/export?units=lx", "/export?units=lx&do=download&formats=csv"):
        page = visit(path)
        words = page.text('//section[@class="export-result"]')
        assert "Too few homes" in words
        assert not any(sign.isdigit() for sign in words)
    page = visit("/export/preview?units=lx&formats=csv")
    assert "Too few homes" in page.answer.text
    assert "lx" not in page.answer.text


def test_a_lake_of_too_few_homes_has_no_counts(visit, tmp_path, ckan_config):
    rows = [observation(), observation(home="another")]
    ckan_config["ckanext.export.lake.url"] = str(write_lake(tmp_path / "few", rows))
    page = visit("/export")

    assert "Too few homes" in page.text('//section[@class="export-result"]')
    assert page.offered("types") == []


def test_a_broken_lake_is_told_without_its_path(visit, tmp_path, ckan_config):
    ckan_config["ckanext.export.lake.url"] = str(tmp_path / "nowhere")
    page = visit("/export")

    assert page.answer.status_code == 200
    assert "tell the portal's administrator" in page.text('//section[@class="export-result"]')
    assert str(tmp_path) not in page.answer.text


EVIL = '"><script>alert(1)</script>'


def test_what_was_asked_for_is_escaped(app):
    for field in ("date_from", "types", "units", "formats", EVIL):
        for path in ("/export", "/export/live", "/export/preview"):
            answer = app.get(path, query_string={field: EVIL})
            assert "<script>alert" not in answer.text, (field, path)


def test_what_is_in_the_lake_is_escaped(visit, tmp_path, ckan_config):
    rows = in_every_home(observation(unit=EVIL, state="<b>1</b>"))
    ckan_config["ckanext.export.lake.url"] = str(write_lake(tmp_path / "evil", rows))
    ckan_config["ckanext.export.privacy.units"] = [EVIL]

    page = visit("/export?do=preview")
    assert "<script>alert" not in page.answer.text
    assert "<b>1" not in page.answer.text
    assert page.offered("units") == [EVIL]


def test_title_and_introduction_are_the_portals(visit, ckan_config):
    ckan_config["ckanext.export.page.title"] = "Data <for> you"
    ckan_config["ckanext.export.page.introduction"] = "Read *this* <script>x</script>."
    page = visit("/export")

    assert page.text("//h1[not(ancestor::header)]") == "Data <for> you"
    assert page.text('//div[@class="export-introduction"]//em') == "this"
    assert not page.root.xpath('//div[@class="export-introduction"]//script')
    assert "Data <for> you" in page.text("//title")


def test_the_permanent_link_restores_the_form(visit):
    page = visit("/export?types=light&units=W&date_to=2022-06-21&formats=xml&do=show")
    # Nothing matches, so the address bar has it: htmx puts it there.
    live = visit("/export/live?types=light&date_to=2022-06-21&formats=xml")
    link = live.text('//code[@id="export-page-link"]')
    again = visit(link.removeprefix("http://test.ckan.net"))

    assert again.checked("types") == ["light"]
    assert again.checked("formats") == ["xml"]
    assert again.root.xpath('//input[@name="date_to"]/@value') == ["2022-06-21"]
    assert live.answer.headers["HX-Replace-Url"] == link.removeprefix("http://test.ckan.net")
    assert page.checked("units") == ["W"]


def test_the_page_is_of_one_moment(app):
    for path in ("/export", "/export/live", "/export/preview?formats=csv"):
        control = app.get(path).headers["Cache-Control"]
        assert "no-store" in control
        assert "public" not in control


def test_the_page_counts_what_the_export_has(visit, lake):
    for asked, changes in (("", {}), ("units=W", {"units": ("W",)})):
        rows = export_rows(lake, query=Query(**changes))
        assert visit(f"/export?{asked}").numbers()["Observations"] == str(len(rows))


@pytest.mark.usefixtures("clean_db", "clean_index")
class TestLinks:
    def test_in_the_navigation(self, visit):
        (link,) = visit("/about").root.xpath('//header//li/a[@href="/export"]')
        assert link.text_content().strip() == "Export"

    def test_on_the_template_datasets_page_alone(self, app, ckan_config):
        factories.Dataset(name="homes")
        factories.Dataset(name="others")
        ckan_config["ckanext.export.dataset"] = "homes"

        assert "Choose and export observations" in app.get("/dataset/homes").text
        assert "Choose and export observations" not in app.get("/dataset/others").text

    def test_in_the_api_description(self, app):
        document = app.get("/de/api/export/openapi.json").json

        assert "(/export)" in document["info"]["description"]
