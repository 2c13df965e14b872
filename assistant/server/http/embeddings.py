"""`/v1/embeddings`: vectors of the embedding model that a library uses."""

from __future__ import annotations

import base64
import struct
from typing import TYPE_CHECKING

from assistant.datatypes import Embeddings
from assistant.datatypes.as_json import Json
from assistant.errors import UsageError
from assistant.server.http.json_response import JsonResponse
from assistant.server.http.requests import client_of, gateway_of, read_object
from assistant.server.http.streaming import while_connected
from assistant.server.reading import field, required, texts

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

MOST_TEXTS = 256
MOST_CHARACTERS = 400_000  # of all texts: searches wait while they are embedded


async def create_embeddings(request: Request) -> Response:
    """Answer with the vectors of texts. `input_type` is "passage" (default) or "query", which some models embed differently."""
    fields = await read_object(request)
    model, wanted = required(fields, "model"), texts(fields, "input")
    kind, encoding = field(fields, "input_type", "passage"), field(fields, "encoding_format", "float")
    if not wanted or not all(wanted):
        raise UsageError("The field input is missing, or holds an empty text.", "Send a text or a list of texts.")
    if len(wanted) > MOST_TEXTS or sum(map(len, wanted)) > MOST_CHARACTERS:
        raise UsageError(f"At most {MOST_TEXTS} texts of {MOST_CHARACTERS:,} characters together can be embedded at once.",
                         "Send fewer at a time.")
    if kind not in {"passage", "query"} or encoding not in {"float", "base64"}:
        raise UsageError("input_type is passage or query, encoding_format is float or base64.", "See /openapi.json.")
    made = await while_connected(request, gateway_of(request).embed(wanted, model, client_of(request, fields),
                                                                    as_questions=kind == "query"))
    usage = {"prompt_tokens": made.tokens, "total_tokens": made.tokens}
    vectors = [encoded(made, number, encoding) for number in range(len(wanted))]
    data = [{"object": "embedding", "index": number, "embedding": vector} for number, vector in enumerate(vectors)]
    result: Json = {"object": "list", "data": data, "model": made.model, "usage": usage}
    return JsonResponse(result)


def encoded(made: Embeddings, number: int, encoding: str) -> str | list[float]:
    """Return a vector as a list of numbers, or its bytes in base64."""
    data = made.vector(number)
    return base64.b64encode(data).decode() if encoding == "base64" else list(struct.unpack(f"<{made.dimension}f", data))
