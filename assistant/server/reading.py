"""Read the fields of a JSON request of another program, with an error that names the field."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TypeVar

from assistant.errors import UsageError

T = TypeVar("T", str, int, bool)

Fields = Mapping[str, object]
HINT = "See the description of this interface."
MOST_ITEMS = 1000  # of a list
LONGEST_NAME = 100  # characters of an unknown name that an error shows


def field(fields: Fields, name: str, default: T) -> T:
    """Return a field of the default's type; the default if it is missing or null. Raises UsageError for another type."""
    value = fields.get(name)
    if value is None:
        return default
    if type(value) is not type(default):
        raise UsageError(f"The field {name} must be {describe_type(default)}.", HINT)
    return value


def require_known(fields: Fields, known: Collection[str]) -> None:
    """Raise UsageError that names a field which is not among those known, and these."""
    unknown = next((name for name in fields if name not in known), None)
    if unknown is not None:
        listed = f"The fields are: {', '.join(known)}." if known else "There are no fields."
        raise UsageError(f"There is no field {unknown[:LONGEST_NAME]!r}.", listed)


def whole_number(fields: Fields, name: str, least: int, most: int, default: int) -> int:
    """Return a number; the default if it is missing or null. Raises UsageError for one outside a range, or another type."""
    value = field(fields, name, default)
    if fields.get(name) is not None and not least <= value <= most:
        raise UsageError(f"The field {name} must be a whole number from {least:,} to {most:,}.", HINT)
    return value


def required(fields: Fields, name: str) -> str:
    """Return a text field that must not be empty. Raises UsageError."""
    value = field(fields, name, "")
    if not value.strip():
        raise UsageError(f"The field {name} is missing or empty.", HINT)
    return value


def texts(fields: Fields, name: str) -> tuple[str, ...]:
    """Return a field that is a text or a list of texts; an empty tuple if it is missing. Raises UsageError."""
    value = fields.get(name)
    if value is None:
        return ()
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or len(listed) > MOST_ITEMS or not all(isinstance(each, str) for each in listed):
        raise UsageError(f"The field {name} must be a text or a list of texts.", HINT)
    return tuple(listed)


def objects(fields: Fields, name: str) -> tuple[Fields, ...]:
    """Return a field that is a list of objects; an empty tuple if it is missing. Raises UsageError."""
    value = fields.get(name)
    if value is None:
        return ()
    if not isinstance(value, list) or len(value) > MOST_ITEMS or not all(isinstance(each, dict) for each in value):
        raise UsageError(f"The field {name} must be a list of objects.", HINT)
    return tuple(value)


def describe_type(value: object) -> str:
    """Return the JSON type of a value in words."""
    return "true or false" if isinstance(value, bool) else "a whole number" if isinstance(value, int) else "a text"
