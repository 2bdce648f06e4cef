"""The first export, made over HTTP as a user would make it."""

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import requests

from portal_stack import lake
from portal_stack.errors import PortalError
from portal_stack.home import Home

DAYS = 3
TIMEOUT = 600


def query(home: Home, lake_url: str, portal: str) -> str:
    """The query string for a few days of the lake, or for all of it if it does not say its days."""
    known = lake.days(lake_url) or _first_day(home, portal)
    if not known:
        return ""
    return "?" + urlencode({"date_from": known[0], "date_to": known[:DAYS][-1]})


def _first_day(home: Home, portal: str) -> list[str]:
    address = f"{portal}/api/3/action/export_summary_show"
    answer = requests.get(address, headers=_login(home), timeout=TIMEOUT)
    day = answer.json()["result"].get("first_day") if answer.ok else None
    return [day] if day else []


def make(home: Home, address: str, target: Path) -> list[str]:
    """Downloads an export to `target` and returns lines that say what is in it.

    Raises PortalError with the portal's own words when it gives none.
    """
    with requests.get(address, timeout=TIMEOUT, stream=True) as answer:
        if answer.status_code != 403:
            return _keep(answer, target)
    # The portal may be closed to the public, so ask as its administrator.
    with requests.get(address, headers=_login(home), timeout=TIMEOUT, stream=True) as answer:
        return _keep(answer, target)


def _login(home: Home) -> dict[str, str]:
    return {"Authorization": home.known_secret("admin_token") or ""}


def _keep(answer: requests.Response, target: Path) -> list[str]:
    if answer.status_code == 204:
        return ["no observation on these days"]
    if answer.status_code != 200:
        raise PortalError(
            f"The portal runs, but refused the first export ({answer.status_code}): "
            f"{_words(answer)} `./portal ckan export check` says more about the lake."
        )
    try:
        with target.open("wb") as file:
            file.writelines(answer.iter_content(1 << 20))
        return list(_members(target))
    except (requests.RequestException, zipfile.BadZipFile):
        raise PortalError(
            f"The portal runs, but the first export broke off; see the end of {target.parent}/log/"
            "ckan.log."
        ) from None


def _words(answer: requests.Response) -> str:
    if "json" in answer.headers.get("Content-Type", ""):
        problem = answer.json()
        return problem.get("detail") or problem.get("title") or "no reason given"
    return re.sub(r"(<[^>]*>|\s)+", " ", answer.text)[:200].strip()


def _members(target: Path) -> Iterator[str]:
    with zipfile.ZipFile(target) as archive:
        for member in archive.infolist():
            line = f"{member.filename:<44}{member.file_size:>12,} bytes"
            if member.filename.endswith(".csv"):
                with archive.open(member) as data:
                    table = csv.reader(io.TextIOWrapper(data, "utf-8", newline=""))
                    line += f"{sum(1 for _ in table) - 1:>12,} rows"
            yield line
