"""Puts the first things into a CKAN: run as `python -m portal_stack.ckan_seed INI HOME`.

A program of its own, as a CKAN configuration can be loaded only once in a process.
"""

import sys
from pathlib import Path

import ckan.plugins.toolkit as tk
from ckan import model
from ckan.cli import load_config
from ckan.config.middleware import make_app

from portal_stack.home import Home, write_private
from portal_stack.site import ORGANISATION


def main(ini: str, folder: str) -> None:
    home = Home(Path(folder))
    app = make_app(load_config(ini))
    with app._wsgi_app.test_request_context():  # pyright: ignore[reportAttributeAccessIssue]
        admin = make_admin(home)
        make_organisation(admin)
        make_token(home, admin)


def make_admin(home: Home) -> str:
    """The system administrator `admin`, with the password in the home."""
    password = home.secret("admin_password")
    site = tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"]
    if model.User.get("admin") is None:
        data = {"name": "admin", "email": "admin@localhost.localdomain", "password": password}
        tk.get_action("user_create")({"user": site, "ignore_auth": True}, data)
    promotion = {"id": "admin", "sysadmin": True}
    tk.get_action("user_patch")({"user": site, "ignore_auth": True}, promotion)
    write_private(home.password_file, password + "\n")
    return "admin"


def make_organisation(admin: str) -> None:
    if model.Group.get(ORGANISATION) is None:
        data = {
            "name": ORGANISATION,
            "title": "Smart homes",
            "description": "Observations of the sensors and devices in smart homes.",
        }
        tk.get_action("organization_create")({"user": admin, "ignore_auth": True}, data)


def make_token(home: Home, admin: str) -> None:
    """An API token for this portal's own requests."""
    data = {"user": admin, "name": "portal"}
    made = tk.get_action("api_token_create")({"user": admin, "ignore_auth": True}, data)
    home.keep_secret("admin_token", made["token"])


if __name__ == "__main__":
    main(*sys.argv[1:])
