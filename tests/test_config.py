"""What the configuration means where a mistake would not be seen."""

import pytest

from ckanext.export import config
from ckanext.export.errors import Misconfigured

DERIVED = "c9d1a80f7d7f2407703ac13f18e764d2f05be708d045c267268af02dd7ee0b04"
pytestmark = [
    pytest.mark.ckan_config("ckan.plugins", "export"),
    pytest.mark.usefixtures("with_plugins"),
]


def test_without_a_key_one_is_derived_from_the_portal_s_secret(ckan_config):
    """printf 'ckanext-export: pseudonyms of homes' | openssl dgst -sha256 -hmac 'a secret …'

    Another one would rename every home of every portal.
    """
    ckan_config["ckanext.export.privacy.key"] = ""
    ckan_config["SECRET_KEY"] = "a secret of the tests"  # noqa: S105

    assert config.privacy_key().hex() == DERIVED


def test_a_key_of_its_own_comes_first(ckan_config):
    ckan_config["ckanext.export.privacy.key"] = "sixteen letters!"

    assert config.privacy_key() == b"sixteen letters!"


def test_a_key_that_is_too_short_is_none(ckan_config):
    ckan_config["ckanext.export.privacy.key"] = "fifteen letters"

    with pytest.raises(Misconfigured) as caught:
        config.privacy_key()
    assert "fifteen" not in caught.value.explain()
