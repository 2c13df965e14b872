"""What every request has: its JSON, the gateway to the engine, and the client that it comes from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

from assistant.errors import UsageError
from assistant.server.reading import Fields, field

if TYPE_CHECKING:
    from starlette.requests import Request

    from assistant.server.gateway import Gateway

LONGEST = 200  # characters of a client's name


async def read_object(request: Request) -> Fields:
    """Return the JSON object of a request's body. Raises UsageError if it is none."""
    try:
        value = json.loads(await request.body())
    except (ValueError, RecursionError) as error:
        raise UsageError("The body is not valid JSON.", "Send one JSON object in UTF-8.") from error
    if not isinstance(value, dict):
        raise UsageError("The body is not a JSON object.", "Send one JSON object.")
    return value


def gateway_of(request: Request) -> Gateway:
    """Return the gateway of the server."""
    return cast("Gateway", request.app.state.gateway)


def client_of(request: Request, fields: Fields) -> str:
    """Return what identifies a client for the fair queue: its program, and the user that it names, if any."""
    program = request.headers.get("user-agent", "")
    user = field(fields, "user", "") or field(fields, "safety_identifier", "")
    return f"{program[:LONGEST]} {user[:LONGEST]}"
