"""Answer failures as JSON in the form of OpenAI's API."""

from __future__ import annotations

from assistant.errors import (
    AssistantError,
    ContextOverflow,
    EngineUnavailable,
    LibraryBusy,
    ModelMissing,
    ModelUnusable,
    NotFound,
    NothingIndexed,
    ServerBusy,
    TimeLimitExceeded,
    UsageError,
)
from assistant.server.http.json_response import JsonResponse

RETRY_SECONDS = 5
STATUS: tuple[tuple[type[AssistantError], int, str], ...] = (
    (NotFound, 404, "not_found_error"),
    (UsageError, 400, "invalid_request_error"),
    (ContextOverflow, 400, "invalid_request_error"),
    (NothingIndexed, 409, "nothing_indexed"),
    (ServerBusy, 429, "rate_limit_error"),
    (TimeLimitExceeded, 504, "timeout_error"),
    (LibraryBusy, 503, "server_error"),
    (EngineUnavailable, 503, "server_error"),
    (ModelMissing, 503, "model_missing"),
    (ModelUnusable, 503, "model_unusable"),
)
"""Status and type by class; the first that fits."""


def error_body(message: str, kind: str, code: str | None = None) -> dict[str, object]:
    """Return the body of an error."""
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def describe_error(error: AssistantError) -> tuple[int, dict[str, object]]:
    """Return the status and the body for an error."""
    status, kind = next(((status, kind) for kind_of, status, kind in STATUS if isinstance(error, kind_of)), (500, "server_error"))
    return status, error_body(f"{error} {error.hint}".strip(), kind, type(error).__name__)


def error_response(error: AssistantError) -> JsonResponse:
    """Return the response for an error."""
    status, body = describe_error(error)
    return JsonResponse(body, status, {"retry-after": str(RETRY_SECONDS)} if status in (429, 503) else None)


def plain_error(status: int, message: str, kind: str = "invalid_request_error",
                headers: dict[str, str] | None = None) -> JsonResponse:
    """Return a response for a failure that is no AssistantError."""
    return JsonResponse(error_body(message, kind), status, headers)
