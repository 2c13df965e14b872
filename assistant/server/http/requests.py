"""What every request has: the gateway to the engine, and the client that it comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from assistant.server.reading import Fields, field

if TYPE_CHECKING:
    from starlette.requests import Request

    from assistant.server.gateway import Gateway

LONGEST = 200  # characters of a client's name


def gateway_of(request: Request) -> Gateway:
    """Return the gateway of the server."""
    return cast("Gateway", request.app.state.gateway)


def client_of(request: Request, fields: Fields) -> str:
    """Return what identifies a client for the fair queue: its program, and the user that it names, if any."""
    program = request.headers.get("user-agent", "")
    user = field(fields, "user", "") or field(fields, "safety_identifier", "")
    return f"{program[:LONGEST]} {user[:LONGEST]}"
