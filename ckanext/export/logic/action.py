"""What the portal's action API answers about exports."""

import logging
from typing import Any

import ckantoolkit as tk

from .. import counted
from ..errors import BadParameter, ExportError
from ..formats import describe_formats
from ..query import Query
from .forgetting import export_home_forget
from .jobs import (
    export_job_cancel,
    export_job_delete,
    export_job_list,
    export_job_show,
    export_prepare,
    export_publish,
    texts,
)

__all__ = [
    "export_format_list",
    "export_home_forget",
    "export_job_cancel",
    "export_job_delete",
    "export_job_list",
    "export_job_show",
    "export_prepare",
    "export_publish",
    "export_summary_show",
]

log = logging.getLogger(__name__)


@tk.side_effect_free
def export_format_list(context: Any, data_dict: dict[str, Any]) -> list[dict[str, str]]:
    """The formats that the portal exports: name, media_type, extension and description of each."""
    return describe_formats()


@tk.side_effect_free
def export_summary_show(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """What an export with these filters would hold.

    :param date_from: first UTC day, ``yyyy-mm-dd`` (optional)
    :param date_to: last UTC day, ``yyyy-mm-dd`` (optional)
    :param types: producer types, a list or comma-separated (optional)
    :param units: units of measurement, a list or comma-separated (optional)

    Returns rows, homes, first_day and last_day (null when there is none), and types, units and
    days: observations by type, by unit (the empty text: none) and by UTC day. They may be behind
    the lake by as many seconds as ``ckanext.export.summary.seconds`` says.
    """
    tk.check_access("export_observations", context, data_dict)
    try:
        query = Query.parse({name: texts(name, value) for name, value in data_dict.items()})
        return counted.summary(query)
    except BadParameter as error:
        name = error.members.get("parameter", "parameter")
        raise tk.ValidationError({name: [error.detail]}) from error
    except ExportError as error:
        log.error("No summary: %s", error.explain())
        raise tk.ValidationError({"message": [error.detail]}) from error
