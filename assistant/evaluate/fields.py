"""A JSON object in; its fields, each of the type that it should be, out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

WORDS_OF_TYPES = {str: "a text", int: "a whole number", bool: "true or false", list: "a list", dict: "an object"}

Record = Mapping[str, Any]


def of_type(wanted: type, value: object, name: str) -> Any:  # noqa: ANN401 - checked here, so that nobody has to after this
    """Return the value. Raises ValueError where it is of another type; true and false are no numbers."""
    if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
        raise ValueError(f"{name} must be {WORDS_OF_TYPES[wanted]}")
    return value


def listed(record: Record, name: str) -> list[Any]:
    """Return a field that is a list; an empty one where it is missing."""
    values: list[Any] = of_type(list, record.get(name) or [], name)
    return values


def texts(record: Record, name: str) -> tuple[str, ...]:
    """Return a field that is a list of texts."""
    return tuple(of_type(str, value, f"each of {name}") for value in listed(record, name))
