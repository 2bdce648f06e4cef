"""The OpenAPI document is valid, describes everything, and its examples obey their schemas."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from openapi_schema_validator import OAS30Validator, oas30_format_checker
from openapi_spec_validator import OpenAPIV30SpecValidator, validate

Node = dict[str, Any]


@pytest.fixture(scope="module")
def document(api: str) -> Node:
    answer = requests.get(f"{api}/openapi.json", timeout=30)
    assert answer.headers["Content-Type"] == "application/json"
    return answer.json()


@pytest.fixture(scope="module")
def whole(document: Node) -> Node:
    """The document with every reference replaced by what it refers to."""
    return resolve(document, document)


def resolve(node: Any, document: Node) -> Any:
    if isinstance(node, list):
        return [resolve(item, document) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        target = document
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        return resolve(target, document)
    return {name: resolve(value, document) for name, value in node.items()}


def operations(document: Node) -> Iterator[tuple[str, Node]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def media(whole: Node) -> Iterator[tuple[str, str, Node]]:
    for name, operation in operations(whole):
        for status, response in operation["responses"].items():
            for media_type, content in response.get("content", {}).items():
                yield f"{name} {status}", media_type, content


def test_the_document_is_valid(document):
    validate(document, cls=OpenAPIV30SpecValidator)
    assert document["openapi"] == "3.0.3"


def test_every_endpoint_of_the_contract_is_in_it(document):
    assert sorted(name for name, _ in operations(document)) == [
        "GET /dataset",
        "GET /formats",
        "GET /openapi.json",
        "GET /ui/",
        "GET /{format}",
        "HEAD /dataset",
        "HEAD /{format}",
    ]


def test_every_operation_and_parameter_says_what_it_is(whole):
    for name, operation in operations(whole):
        assert operation["summary"], name
        assert operation["operationId"], name
        for parameter in operation.get("parameters", []):
            assert parameter["description"], f"{name} {parameter['name']}"
            assert "example" in parameter, f"{name} {parameter['name']}"
    names = [operation["operationId"] for _, operation in operations(whole)]
    assert len(set(names)) == len(names)


def test_every_status_of_an_export_is_described(whole):
    for name, operation in operations(whole):
        if "export" in operation["tags"]:
            assert sorted(operation["responses"]) == ["200", "204", "400", "403", "500", "503"]
        for status, response in operation["responses"].items():
            assert response["description"], f"{name} {status}"


def test_answers_with_a_body_say_of_what_type_it_is(whole):
    described = {(where, media_type) for where, media_type, _ in media(whole)}
    for path in ("/{format}", "/dataset"):
        assert (f"GET {path} 200", "application/zip") in described
        for status in (400, 403, 500, 503):
            assert (f"GET {path} {status}", "application/problem+json") in described
        assert not any(where == f"GET {path} 204" for where, _ in described)
        assert not any(where.startswith(f"HEAD {path}") for where, _ in described)


def test_examples_obey_their_schemas(whole):
    described = [
        (f"{name} {parameter['name']}", parameter)
        for name, operation in operations(whole)
        for parameter in operation.get("parameters", [])
    ]
    described += [(f"{where} {kind}", content) for where, kind, content in media(whole)]
    shown = [(where, thing) for where, thing in described if "example" in thing]
    assert len(shown) > 20
    for where, thing in shown:
        judge = OAS30Validator(thing["schema"], format_checker=oas30_format_checker)
        faults = [error.message for error in judge.iter_errors(thing["example"])]
        assert faults == [], where


def test_examples_of_problems_tell_their_own_status(whole):
    for where, kind, content in media(whole):
        if kind == "application/problem+json":
            assert where.endswith(f" {content['example']['status']}")
