"""The same request for programs: texts to copy."""

import json
import shlex
from dataclasses import dataclass


@dataclass(frozen=True)
class Example:
    """`title` names what the text is for; `csv` says that it asks for CSV whatever is chosen."""

    name: str
    title: str
    text: str
    csv: bool = False


def examples(url: str, csv_url: str, name: str, with_token: bool) -> list[Example]:
    """A request as curl, Python and R.

    `url` asks for the chosen formats, `csv_url` for CSV, which pandas and R read without more.
    The addresses are percent-encoded ASCII, and `name` is a name of a dataset: neither holds a
    character that has to be escaped in these languages. `with_token`: the portal wants one.
    """
    return [
        Example("curl", "curl", _curl(url, name, with_token)),
        Example("python", "Python (pandas)", _python(csv_url, with_token), csv=True),
        Example("r", "R", _r(csv_url, with_token), csv=True),
    ]


def _curl(url: str, name: str, with_token: bool) -> str:
    header = ' --header "Authorization: $CKAN_API_TOKEN"' if with_token else ""
    return f"curl --fail{header} --output {shlex.quote(name)}.zip {shlex.quote(url)}\n"


def _python(url: str, with_token: bool) -> str:
    headers = ', headers={"Authorization": os.environ["CKAN_API_TOKEN"]}' if with_token else ""
    return f"""\
import io
{"import os" + chr(10) if with_token else ""}import urllib.request
import zipfile

import pandas as pd

url = {json.dumps(url)}
request = urllib.request.Request(url{headers})
with urllib.request.urlopen(request) as answer:
    archive = zipfile.ZipFile(io.BytesIO(answer.read()))
name = next(name for name in archive.namelist() if name.endswith(".csv"))
observations = pd.read_csv(archive.open(name), parse_dates=["last_changed", "last_updated"])
print(observations.head())
"""


def _r(url: str, with_token: bool) -> str:
    headers = ',\n              headers = c(Authorization = Sys.getenv("CKAN_API_TOKEN"))'
    return f"""\
url <- {json.dumps(url)}
file <- tempfile(fileext = ".zip")
download.file(url, file, mode = "wb"{headers if with_token else ""})
name <- grep("[.]csv$", unzip(file, list = TRUE)$Name, value = TRUE)
observations <- read.csv(unz(file, name), encoding = "UTF-8")
head(observations)
"""
