"""What a CKAN stands on: PostgreSQL, Valkey and Solr of one home, shared by its sites."""

from portal_stack.home import Home
from portal_stack.postgres import Postgres
from portal_stack.services import Service
from portal_stack.solr_server import Solr
from portal_stack.valkey import DATABASES, Valkey

MAIN_SITE, TEST_SITE = "ckan", "ckan_test"


class Backing:
    def __init__(self, home: Home, durable: bool = True) -> None:
        self.home = home
        self.postgres = Postgres(home, durable)
        self.valkey = Valkey(home)
        self.solr = Solr(home)

    @property
    def services(self) -> list[Service]:
        return [self.postgres, self.valkey, self.solr]

    def redis_database(self, site: str) -> int:
        """The number of the Valkey database that belongs to a site, remembered in the home."""
        with self.home.lock("redis.lock"):
            given: dict[str, int] = self.home.state.get("redis_databases", {MAIN_SITE: 0})
            if site not in given:
                free = (n for n in range(DATABASES) if n not in given.values())
                given[site] = next(free)
                self.home.remember(redis_databases=given)
            return given[site]
