"""Which lake a URL opens, and what a wrong one gets."""

import pytest

from ckanext.export.errors import LakeUnavailable, Misconfigured
from ckanext.export.lake import open_lake
from ckanext.export.query import Query
from tests.builders import observation, write_lake


def number_of_rows(url: str) -> int:
    with open_lake(url).scan(Query()) as scan:
        return sum(batch.num_rows for batch in scan.batches())


@pytest.mark.parametrize(
    "name", ["plain", "with space", "é 東京", "100%25", "a#b", "a?b=c", "a+b&c", "_lake", ".lake"]
)
def test_a_path_is_a_folder_whatever_its_name(tmp_path, name):
    lake = write_lake(tmp_path / name, [observation()])

    assert number_of_rows(str(lake)) == 1
    assert number_of_rows(f"{lake}/") == 1


@pytest.mark.parametrize("name", ["plain", "with space", "é 東京", "100%25", "a#b"])
def test_a_file_url_is_a_folder(tmp_path, name):
    lake = write_lake(tmp_path / name, [observation()])

    assert number_of_rows(lake.as_uri()) == 1


def test_a_relative_path_is_a_folder(tmp_path, monkeypatch):
    write_lake(tmp_path / "a lake", [observation()])
    monkeypatch.chdir(tmp_path)

    assert number_of_rows("a lake") == 1
    assert number_of_rows("./a lake") == 1


def test_no_url_is_told_to_the_administrator():
    with pytest.raises(Misconfigured, match=r"ckanext\.export\.lake\.url"):
        open_lake("")


@pytest.mark.parametrize("url", ["mongodb://u:secret@host/db", "s4://u:secret@bucket"])
def test_an_unknown_kind_is_refused_without_repeating_its_secret(url):
    with pytest.raises(Misconfigured) as caught:
        open_lake(url).scan(Query())

    assert "secret" not in caught.value.explain()


def test_a_missing_folder_is_an_unavailable_lake(tmp_path):
    with pytest.raises(LakeUnavailable) as caught:
        open_lake(str(tmp_path / "nowhere")).scan(Query())

    assert str(tmp_path) not in caught.value.detail
    assert str(tmp_path) in caught.value.inside


def test_an_empty_folder_is_an_unavailable_lake(tmp_path):
    with pytest.raises(LakeUnavailable) as caught:
        open_lake(str(tmp_path)).scan(Query())

    assert "empty" in caught.value.detail
    assert str(tmp_path) not in caught.value.detail


def test_a_file_is_no_lake(tmp_path):
    (tmp_path / "lake").write_text("no folder")

    with pytest.raises(LakeUnavailable):
        open_lake(str(tmp_path / "lake")).scan(Query())


def test_a_folder_whose_own_path_looks_like_a_day_is_a_lake(tmp_path):
    lake = write_lake(tmp_path / "date=1999-01-01" / "lake", [observation()])

    with open_lake(str(lake)).scan(Query(date_from=observation()["last_updated"].date())) as scan:
        assert sum(batch.num_rows for batch in scan.batches()) == 1
