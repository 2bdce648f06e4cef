"""The README of a package, for the person who opens the zip."""

from collections.abc import Iterable, Iterator
from textwrap import fill

from ..observations import COLUMNS
from ..privacy import in_words
from .contents import COLUMN_TEXTS, Contents


def readme(contents: Contents) -> str:
    return "\n".join(_lines(contents)) + "\n"


def _lines(contents: Contents) -> Iterator[str]:
    about, tally = contents.description, contents.tally
    yield from _heading(about.title, "=")
    if about.notes:
        yield from (about.notes, "")
    yield _wrapped(
        f"{tally.rows:,} observations of {len(tally.homes):,} homes, "
        f"{tally.first_day or 'unknown'} to {tally.last_day or 'unknown'} (UTC), "
        f"exported on {contents.generated:%Y-%m-%d at %H:%M} UTC."
    )
    yield ""
    yield from _heading("Files", "-")
    for file in contents.files:
        yield f"{file.member.name}: {file.format.description}"
    yield f"{contents.stem}_metadata.json: the same as a CKAN dataset."
    yield "datapackage.json: the same as a Frictionless Data Package."
    yield "manifest.json: what was asked and applied, and the SHA-256 of every file."
    yield ""
    yield from _heading("Columns", "-")
    yield from (f"{name}: {COLUMN_TEXTS[name]}." for name in COLUMNS)
    yield ""
    yield from _heading("Filters", "-")
    yield from _filters(contents)
    yield ""
    yield from _heading("Licence and citation", "-")
    yield from _licence(contents)
    yield ""
    yield from _heading("Privacy", "-")
    yield from _privacy(contents)


def _heading(text: str, line: str) -> Iterator[str]:
    yield from (text, line * len(text), "")


def _filters(contents: Contents) -> Iterator[str]:
    asked = contents.asked
    yield f"First day: {asked.date_from or 'any'}"
    yield f"Last day: {asked.date_to or 'any'}"
    yield f"Producer types: {', '.join(asked.types) or 'any'}"
    yield f"Units: {', '.join(asked.units) or 'any'}"


def _licence(contents: Contents) -> Iterator[str]:
    about = contents.description
    name = about.license_title or about.license_id or "not stated; ask the publisher"
    yield f"Licence: {name}" + (f" ({about.license_url})" if about.license_url else "")
    source = [about.author, f"{about.title} ({contents.generated:%Y})", about.url]
    yield _wrapped("Cite as: " + ". ".join(part for part in source if part) + ".")
    yield _wrapped(
        f"Say also that it was exported on {contents.generated:%Y-%m-%d} and, if it matters, the "
        "SHA-256 of the data file from manifest.json."
    )


def _privacy(contents: Contents) -> Iterator[str]:
    policy = contents.policy
    yield _wrapped(" ".join(in_words(policy)))
    yield _wrapped("Only these attributes are published: " + _listed(policy.attributes))
    yield _wrapped(
        "The same home has the same pseudonym in every export whose manifest.json names the same "
        f"key id ({policy.key_id})."
    )
    changed = [f"{name} {number:,}" for name, number in sorted(contents.withheld.items()) if number]
    if changed:
        yield _wrapped(f"Values that leave with less than was recorded: {', '.join(changed)}.")


def _listed(names: Iterable[str]) -> str:
    return (", ".join(names) or "none") + "."


def _wrapped(text: str) -> str:
    return fill(text, 79, break_long_words=False, break_on_hyphens=False)
