"""The rules in sentences for people.

`_` says a sentence in another language, where there is one; the catalogue finds its messages by it.
"""

from collections.abc import Callable

from .policy import Policy

Translate = Callable[[str], str]


def in_words(policy: Policy, _: Translate = str) -> list[str]:
    """The rules in force, a sentence or two for each."""
    rules = [
        about(policy, "home", _),
        types_in_words(policy, _),
    ]
    rules += [
        about(policy, column, _)
        for column in ("entity_id", "state", "unit", "attributes", "last_updated")
    ]
    if policy.min_homes > 1:
        rules.append(
            _("There is no export of fewer than {number} homes.").format(number=policy.min_homes)
        )
    return rules


def types_in_words(policy: Policy, _: Translate = str) -> str:
    return _("Only these producer types leave the data lake: {types}.").format(
        types=", ".join(policy.types) or "–"
    )


def about(policy: Policy, column: str, _: Translate = str) -> str:
    """What the rules do to a column; nothing where there is no rule."""
    rule = {
        "home": _homes,
        "entity_id": _entities,
        "state": _states,
        "unit": _units,
        "last_changed": _times,
        "last_updated": _times,
        "attributes": _attributes,
    }.get(column)
    return rule(policy, _) if rule else ""


def _homes(policy: Policy, _: Translate) -> str:
    return _(
        "Homes have pseudonyms, made with a secret key; a home that wants to be forgotten is in no "
        "export."
    )


def _entities(policy: Policy, _: Translate) -> str:
    return {
        "words": _(
            "Words of entity ids that may be names are replaced by tokens, the same for the same "
            "word."
        ),
        "pseudonym": _("Entity ids keep their type; the rest is replaced by a token."),
        "keep": _("Entity ids leave as they are, unless they hold an identifier."),
    }[policy.entity_mode]


def _states(policy: Policy, _: Translate) -> str:
    return {
        "known": _(
            "States are numbers and words that Home Assistant itself uses; others, numbers that "
            "may be a position or belong to a person, and states of personal sensors are left "
            "empty."
        ),
        "checked": _(
            "States that look like an identifier of a person, a machine or a place, numbers that "
            "may be a position or belong to a person, and states of personal sensors are left "
            "empty."
        ),
    }[policy.text_mode]


def _units(policy: Policy, _: Translate) -> str:
    return _("Units that are not known are left empty.")


def _attributes(policy: Policy, _: Translate) -> str:
    return _("Attributes that are not known to be harmless are left out.")


def _times(policy: Policy, _: Translate) -> str:
    return {
        "exact": _("Times are exact."),
        "minute": _("Times are cut to minutes."),
        "hour": _("Times are cut to hours."),
    }[policy.time_step]
