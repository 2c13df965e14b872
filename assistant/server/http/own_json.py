"""The program's own JSON: `/search`, `/ask`, `/status` and `/healthz`. Results are those of `--json` on the command line."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from assistant import __version__
from assistant.app.ask.filters import filter_of
from assistant.datatypes import Filter, Turn
from assistant.datatypes import as_json as to_json
from assistant.server.gateway import MOST_HITS, GatewayQuestion
from assistant.server.http.json_response import JsonResponse
from assistant.server.http.openapi import fields_of_requests
from assistant.server.http.requests import client_of, gateway_of, read_object
from assistant.server.http.streaming import while_connected
from assistant.server.reading import Fields, field, objects, require_known, required, texts, whole_number

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

FIELDS = fields_of_requests()


async def search(request: Request) -> Response:
    """Answer with the passages for a question."""
    fields = await read_object(request)
    require_known(fields, FIELDS["SearchRequest"])
    limit = whole_number(fields, "limit", 1, MOST_HITS, 0)
    found = await while_connected(request, gateway_of(request).search(
        required(fields, "question"), limit, field(fields, "library", ""), requested_filter(fields),
        client_of(request, fields)))
    return JsonResponse(to_json.search_result(found))


async def ask(request: Request) -> Response:
    """Answer a question."""
    fields = await read_object(request)
    require_known(fields, FIELDS["AskRequest"])
    turns = tuple(map(turn_of, objects(fields, "turns")))
    question = GatewayQuestion(required(fields, "question"), field(fields, "library", ""), turns, requested_filter(fields),
                        field(fields, "strict", False), client_of(request, fields))
    return JsonResponse(to_json.answer(await while_connected(request, gateway_of(request).answer(question))))


def turn_of(fields: Fields) -> Turn:
    """Return an earlier question with its answer. Raises UsageError."""
    require_known(fields, FIELDS["Turn"])
    return Turn(required(fields, "question"), field(fields, "answer", ""))


async def show_status(request: Request) -> Response:
    """Answer with what the libraries hold, what is wrong with those that cannot be opened, and how many requests wait."""
    gateway = gateway_of(request)
    held, wrong = await gateway.statuses(client_of(request, {}))
    return JsonResponse({"version": __version__, "libraries": list(map(to_json.status, held)),
                         "findings": list(map(asdict, wrong)), "waiting": gateway.waiting})


async def show_health(_request: Request) -> Response:
    """Answer that the server runs; the engine is not asked."""
    return JsonResponse({"status": "ok", "version": __version__})


def requested_filter(fields: Fields) -> Filter:
    """Return the filter of a request. Raises UsageError."""
    return filter_of(texts(fields, "paths"), texts(fields, "types"), field(fields, "since", "") or None)
