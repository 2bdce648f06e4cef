"""The OpenAPI document and the page that shows it."""

import re
from urllib.parse import urljoin, urlsplit

import pytest
from openapi_spec_validator import OpenAPIV30SpecValidator

from tests.api.http import FORMATS, JSON


@pytest.fixture(scope="module")
def document(api):
    answer = api.get("openapi.json")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == JSON
    return answer.json()


def test_the_document_is_valid(document):
    assert document["openapi"] == "3.0.3"
    OpenAPIV30SpecValidator(document).validate()


def test_everything_is_described(document):
    assert {"/{format}", "/dataset", "/formats", "/openapi.json", "/ui/"} <= set(document["paths"])
    assert document["servers"] == [{"url": "/api/export"}]
    for path in ("/{format}", "/dataset"):
        for method in ("get", "head"):
            responses = document["paths"][path][method]["responses"]
            assert {"200", "204", "400", "403", "500", "503"} <= set(responses)
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert operation["summary"], (path, method)
            for response in operation["responses"].values():
                assert "$ref" in response or response["description"]


def test_parameters_are_those_of_the_contract(document):
    assert {"date_from", "date_to", "types", "units"} <= set(document["components"]["parameters"])
    for name in ("types", "units"):
        assert document["components"]["parameters"][name]["schema"]["type"] == "array"
    for parameter in document["components"]["parameters"].values():
        assert parameter["example"]


def test_the_example_of_the_contract_is_answered(api):
    path = "JSON?date_from=2022-06-01&date_to=2022-06-30&types=sensor&units=°C,%25"

    assert api.get(path).status_code == 204
    assert api.get(path.replace("2022-06-", "2016-01-")).status_code == 200


def addresses(text: str) -> list[str]:
    return re.findall(r"""(?:src|href)\s*=\s*["']([^"']+)""", text)


def test_the_page_loads_nothing_from_another_host(api):
    page = api.get("ui/")
    assert page.status_code == 200
    assert page.headers["Content-Type"].startswith("text/html")
    assert "openapi.json" in page.text

    loaded = [a for a in addresses(page.text) if re.search(r"\.(js|css|png|ico|svg)(\?|$)", a)]

    assert len(loaded) >= 2
    here = f"{api.url}/api/export/ui/"
    for address in loaded:
        target = urlsplit(urljoin(here, address))
        assert target.netloc == urlsplit(api.url).netloc, address
        answer = api.ask("GET", target.path)
        assert answer.status_code == 200, address
        assert "html" not in answer.headers["Content-Type"]
    assert not re.search(r"@import|url\(\s*['\"]?https?:", page.text)


def test_swagger_is_of_the_fifth_kind(api):
    bundle = api.get("ui/swagger-ui-bundle.js")

    assert bundle.status_code == 200
    assert re.search(r"5\.\d+\.\d+", bundle.text)
    assert "javascript" in bundle.headers["Content-Type"]


@pytest.mark.parametrize("locale", ["pt_BR", "de", "ja"])
def test_a_locale_in_the_address_is_no_format(api, locale):
    answer = api.ask("GET", f"/{locale}/api/export/formats")
    assert answer.status_code == 200
    assert answer.text == ", ".join(FORMATS)

    assert api.ask("GET", f"/{locale}/api/export/pdf").json()["title"].startswith("Unsupported")
    assert api.ask("GET", f"/{locale}/api/export/ui/").status_code == 200
    assert api.ask("POST", f"/{locale}/api/export/csv").status_code == 405
