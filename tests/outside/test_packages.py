"""A wheel and an sdist hold everything, and work in a CKAN that has never seen the checkout."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from portal_stack.arguments import CHECKOUT
from portal_stack.bootstrap import OVERRIDES, REQUIREMENTS
from portal_stack.home import write_private
from portal_stack.portal import Portal
from portal_stack.testing import with_values
from tests.api.http import FORMATS

HERE = Path(__file__).parent
UV = Path(sys.executable).with_name("uv")
LICENCES = {
    "LICENSE",
    "ckanext/export/assets/vendor/uPlot-LICENSE.txt",
    "ckanext/export/demo/DATA_LICENCE.txt",
}
ALONGSIDE = {"README.rst", "CHANGELOG", "LICENSE", "MANIFEST.in", "setup.py", "pyproject.toml"}
Run = Callable[..., str]


def outside(folder: Path) -> dict[str, str]:
    """Our environment without what would show the checkout to another Python."""
    foreign = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "PYTEST_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return kept | {"PYTHONPYCACHEPREFIX": str(folder / "bytecode"), "PYTHONUTF8": "1"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("packages")


@pytest.fixture(scope="module")
def run(folder: Path) -> Run:
    """Runs a program outside of the checkout and gives what it prints."""

    def run(*command: str | Path) -> str:
        done = subprocess.run(
            [str(part) for part in command],
            cwd=folder,
            env=outside(folder),
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.fixture(scope="module")
def tree(folder: Path) -> Path:
    """A copy of what is or will be committed, as building leaves traces behind."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607
        cwd=CHECKOUT,
        capture_output=True,
        check=True,
    )
    copy = folder / "tree"
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (CHECKOUT / name).is_file():  # not one that was just deleted
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(CHECKOUT / name, copy / name)
    return copy


@pytest.fixture(scope="module")
def content(tree: Path) -> set[str]:
    """Every file of the extension, seen from the top of the tree."""
    return {
        str(path.relative_to(tree))
        for path in (tree / "ckanext").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.fixture(scope="module")
def built(folder: Path, tree: Path, content: set[str], run: Run) -> dict[str, Path]:
    """An sdist, a wheel made from it, and a wheel made from the tree."""
    build = (UV, "build", "--no-build-isolation", "--python", sys.executable)
    run(*build, tree, "--out-dir", folder / "dist")
    run(*build, "--wheel", tree, "--out-dir", folder / "direct")
    [sdist] = (folder / "dist").glob("*.tar.gz")
    [wheel] = (folder / "dist").glob("*.whl")
    [direct] = (folder / "direct").glob("*.whl")
    return {"sdist": sdist, "wheel": wheel, "direct": direct}


def names(archive: Path) -> set[str]:
    """The files in a wheel or sdist, the latter without its top folder."""
    if archive.suffix == ".whl":
        return set(zipfile.ZipFile(archive).namelist())
    with tarfile.open(archive) as opened:
        return {member.name.partition("/")[2] for member in opened if member.isfile()}


def test_the_extension_has_files_of_every_kind(content):
    assert {".py", ".yaml", ".html", ".txt", ".gz"} <= {Path(name).suffix for name in content}


@pytest.mark.parametrize("kind", ["sdist", "wheel", "direct"])
def test_every_file_of_the_extension_is_in(built, content, kind):
    assert content - names(built[kind]) == set()


@pytest.mark.parametrize("kind", ["wheel", "direct"])
def test_a_wheel_holds_the_extension_and_nothing_else(built, content, kind):
    assert {name for name in names(built[kind]) if ".dist-info/" not in name} == content


@pytest.mark.parametrize("kind", ["wheel", "direct"])
def test_a_wheel_holds_the_licences(built, kind):
    parts = [name.partition(".dist-info/licenses/") for name in names(built[kind])]
    assert {name for _, found, name in parts if found} == LICENCES


def test_an_sdist_holds_what_developers_need(built, tree):
    inside = names(built["sdist"])
    wanted = ALONGSIDE | {"portal", "test.ini"}
    for part in ("tests", "portal_stack", "docs", "bench"):
        wanted |= {str(path.relative_to(tree)) for path in (tree / part).rglob("*.*")}
    assert {name for name in wanted if (tree / name).is_file()} - inside == set()


@pytest.fixture(scope="module")
def python(folder: Path, built: dict[str, Path], run: Run) -> Path:
    """The Python of a new environment: a CKAN and the wheel made from the sdist."""
    environment = folder / "environment"
    run(UV, "venv", "--python", sys.executable, environment)
    python = environment / "bin" / "python"
    install = (UV, "pip", "install", "--no-progress", "--python", python)
    pins = ("--constraint", REQUIREMENTS, "--override", OVERRIDES)
    run(*install, *pins, "ckan[requirements]", "setuptools", built["wheel"])
    return python


@pytest.fixture(scope="module")
def ini(folder: Path, portal: Portal) -> Path:
    """The running portal's configuration, on a lake and a database that are not there yet."""
    path, database = folder / "ckan.ini", "of_the_packages"
    postgres = portal.backing.postgres
    with postgres.connect() as cursor:
        for name in (database, f"{database}_datastore"):
            cursor.execute(f"DROP DATABASE IF EXISTS {name}")
    postgres.make_site(database)
    changed = {
        "ckanext.export.lake.url": str(folder / "lake"),
        "ckan.plugins": "export",
        "sqlalchemy.url": postgres.url(database),
    }
    write_private(path, with_values(portal.ini, changed))
    return path


def test_it_works_where_it_is_installed(python: Path, ini: Path, folder: Path, run: Run):
    run(python.with_name("ckan"), "-c", ini, "db", "init")
    run(python.with_name("ckan"), "-c", ini, "db", "upgrade", "-p", "export")
    ckan = (python.with_name("ckan"), "-c", ini, "export")
    assert "csv" in run(*ckan, "formats")
    assert "observations in" in run(*ckan, "demo-lake", folder / "lake", "--homes=4", "--days=2")
    assert "The lake is in order" in run(*ckan, "check")

    program = shutil.copy(HERE / "installed_portal.py", folder)  # its folder is in sys.path
    seen = json.loads(run(python, program, ini).splitlines()[-1])

    assert Path(seen["extension"]).is_relative_to(folder / "environment")
    assert str(CHECKOUT) not in seen["path"]
    assert seen["formats"] == [200, ", ".join(FORMATS)]
    assert seen["ui"][0] == 200
    assert "SwaggerUIBundle" in seen["ui"][1]
    assert seen["openapi"] == [200, "3.0.3"]
    assert seen["page"][0] == 200
    assert "Exportar observações" in seen["page"][1]
    assert "_page.js" in seen["page"][1]
    assert seen["csv"][0] == 200
    assert seen["csv"][1] > 500
