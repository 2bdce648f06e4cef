"""What a portal with ckanext-dcat tells the data portals of Europe about a published dataset."""

from typing import Any

import ckan.plugins.toolkit as tk
import pytest
from rdflib import DCAT, DCTERMS, FOAF, RDF, XSD, Graph, Namespace

from ckanext.export import jobs, publish
from ckanext.export.model import Job

SPDX = Namespace("http://spdx.org/rdf/terms#")

# What DCAT-AP 3.0 makes mandatory for things of a class that a dataset's description holds.
MANDATORY = {
    DCAT.Dataset: [DCTERMS.title, DCTERMS.description],
    DCAT.Distribution: [DCAT.accessURL],
    FOAF.Agent: [FOAF.name],
    SPDX.Checksum: [SPDX.algorithm, SPDX.checksumValue],
}

pytestmark = [
    pytest.mark.ckan_config("ckan.plugins", "export dcat"),
    pytest.mark.ckan_config("ckanext.export.author", "The people of Hull"),
    pytest.mark.usefixtures("with_plugins", "clean_db"),
]


@pytest.fixture(params=["euro_dcat_ap_2", "euro_dcat_ap_3"])
def graph(app, lake, organization, request) -> Graph:
    """The RDF of a dataset with a month of two formats."""
    site = tk.get_action("get_site_user")({"ignore_auth": True}, {})
    asked = publish.asked_for({"month": "2022-06", "formats": ["csv,json"]})
    id = jobs.create("publish", user_id(site["name"]), asked).id
    jobs.run(id)
    assert Job.get(id).state == "complete", Job.get(id).error
    answer = app.get(f"/dataset/smart-home-observations.ttl?profiles={request.param}")
    assert answer.status_code == 200
    return Graph().parse(data=answer.body, format="turtle")


def user_id(name: str) -> str:
    return tk.get_action("user_show")({"ignore_auth": True}, {"id": name})["id"]


def things(graph: Graph, kind: Any) -> list[Any]:
    return list(graph.subjects(RDF.type, kind))


def test_everything_has_what_is_mandatory(graph):
    assert [len(things(graph, kind)) for kind in MANDATORY] == [1, 3, 1, 3]
    for kind, properties in MANDATORY.items():
        for thing in things(graph, kind):
            for wanted in properties:
                values = [str(value) for value in graph.objects(thing, wanted)]
                assert values, f"{kind} lacks {wanted}"
                assert all(values)


def test_what_people_look_for_is_there_too(graph):
    (dataset,) = things(graph, DCAT.Dataset)

    assert len(list(graph.objects(dataset, DCAT.distribution))) == 3
    assert {str(word) for word in graph.objects(dataset, DCAT.keyword)} == {
        "smart-home",
        "home-assistant",
    }
    (period,) = graph.objects(dataset, DCTERMS.temporal)
    days = {str(day)[:10] for name in (DCAT.startDate, DCAT.endDate) for day in graph[period:name]}
    assert days == {"2022-06-20", "2022-06-22"}
    assert list(graph.objects(dataset, DCTERMS.publisher))
    files = things(graph, DCAT.Distribution)
    assert all(list(graph.objects(file, DCAT.byteSize)) for file in files)
    licences = [str(found) for file in files for found in graph.objects(file, DCTERMS.license)]
    assert licences == ["http://www.opendefinition.org/licenses/cc-by"] * 3


def test_checksums_are_hexadecimal(graph):
    for checksum in things(graph, SPDX.Checksum):
        (value,) = graph.objects(checksum, SPDX.checksumValue)
        assert value.datatype == XSD.hexBinary
        assert len(bytes.fromhex(str(value))) == 32
        assert list(graph.objects(checksum, SPDX.algorithm)) == [SPDX.checksumAlgorithm_sha256]
