"""JSON responses that can be sent whatever characters a name or a question holds."""

from __future__ import annotations

import json

from starlette.responses import Response


class JsonResponse(Response):
    """A response with a JSON body. Half a character (a lone surrogate) becomes a question mark."""

    media_type = "application/json"

    def render(self, content: object) -> bytes:
        """Return the body."""
        return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8", "replace")
