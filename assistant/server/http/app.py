"""The application of `assistant serve`: its routes, behind the guard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.routing import Route

from assistant.errors import AssistantError
from assistant.server.http import chat_completions, embeddings, own_json, responses
from assistant.server.http.errors import error_response, plain_error
from assistant.server.http.guard import Access, Guard
from assistant.server.http.json_response import JsonResponse
from assistant.server.http.openapi import description
from assistant.server.http.streaming import Disconnected

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp

    from assistant.server.gateway import Gateway

CLIENT_CLOSED = 499  # never sent: the client has gone


def routes() -> list[Route]:
    """Return the routes."""
    return [
        Route("/v1/models", chat_completions.list_models, methods=["GET"]),
        Route("/v1/models/{model:path}", chat_completions.show_model, methods=["GET"]),
        Route("/v1/chat/completions", chat_completions.complete_chat, methods=["POST"]),
        Route("/v1/responses", responses.create_response, methods=["POST"]),
        Route("/v1/embeddings", embeddings.create_embeddings, methods=["POST"]),
        Route("/search", own_json.search, methods=["POST"]),
        Route("/ask", own_json.ask, methods=["POST"]),
        Route("/status", own_json.show_status, methods=["GET"]),
        Route("/healthz", own_json.show_health, methods=["GET"]),
        Route("/openapi.json", show_description, methods=["GET"]),
    ]


def create_app(gateway: Gateway, access: Access) -> ASGIApp:
    """Return the application."""
    app = Starlette(routes=routes(), exception_handlers={
        AssistantError: answer_error, HTTPException: answer_http_error, Disconnected: answer_nobody, Exception: answer_bug})
    app.state.gateway = gateway
    return guarded(app, access)


def guarded(app: ASGIApp, access: Access) -> ASGIApp:
    """Return an application behind the guard, which lets the pages of the allowed origins read the responses."""
    if access.origins:
        app = CORSMiddleware(app, allow_origins=sorted(access.origins), allow_methods=["GET", "POST", "DELETE"],
                             allow_headers=["*"], expose_headers=["mcp-session-id"])
    return Guard(app, access)


async def show_description(_request: Request) -> Response:
    """Answer with the OpenAPI description."""
    return JsonResponse(description())


async def answer_error(_request: Request, error: Exception) -> Response:
    """Answer an error for users."""
    assert isinstance(error, AssistantError)
    return error_response(error)


async def answer_http_error(_request: Request, error: Exception) -> Response:
    """Answer an unknown address or method."""
    assert isinstance(error, HTTPException)
    return plain_error(error.status_code, f"{error.detail}. See /openapi.json.", "not_found_error", dict(error.headers or {}))


async def answer_bug(_request: Request, error: Exception) -> Response:
    """Answer a bug; the guard logs it."""
    return plain_error(500, f"The server failed: {type(error).__name__}.", "server_error")


async def answer_nobody(_request: Request, _error: Exception) -> Response:
    """Return a response for a client that has disconnected."""
    return Response(status_code=CLIENT_CLOSED)
