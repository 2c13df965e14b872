"""The OpenAPI description of the server. A test holds it against the routes, and real responses against its schemas."""

from __future__ import annotations

from collections.abc import Mapping

from assistant import __version__
from assistant.datatypes.as_json import Json
from assistant.server.gateway import MOST_HITS

TEXT: Json = {"type": "string"}
NUMBER: Json = {"type": "integer"}
YES_OR_NO: Json = {"type": "boolean"}
ANY: Json = {}


def description() -> Json:
    """Return the description."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "private-assistant", "version": __version__, "description": (
            "Answers from a user's own files, with a citation for every claim. A library is a model. Every request needs the "
            "token of this machine.")},
        "security": [{"token": []}],
        "paths": paths(),
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}, "schemas": schemas()},
    }


def paths() -> Json:
    """Return the operations by path."""
    one_model = {"name": "model", "in": "path", "required": True, "schema": TEXT}
    return {
        "/v1/models": {"get": operation("list_models", "List the libraries.", "ModelList")},
        "/v1/models/{model}": {"get": {**operation("show_model", "Show one library.", "Model"), "parameters": [one_model]}},
        "/v1/chat/completions": {"post": operation("complete_chat", "Answer the last message of a conversation.",
                                                   "ChatCompletion", "ChatRequest", streams=True)},
        "/v1/responses": {"post": operation("create_response", "Answer a question or the last message of a conversation.",
                                            "Response", "ResponseRequest", streams=True)},
        "/v1/embeddings": {"post": operation("create_embeddings", "Embed texts with the model that the library uses.",
                                             "EmbeddingList", "EmbeddingRequest")},
        "/search": {"post": operation("search", "Find passages.", "SearchResult", "SearchRequest")},
        "/ask": {"post": operation("ask", "Answer a question.", "Answer", "AskRequest")},
        "/status": {"get": operation("show_status", "Show what the libraries hold.", "Status")},
        "/healthz": {"get": operation("show_health", "Say that the server runs.", "Health")},
        "/openapi.json": {"get": operation("show_description", "Show this description.", "")},
    }


def operation(name: str, summary: str, result: str, body: str = "", *, streams: bool = False) -> Json:
    """Return one operation; an empty schema name stands for any object."""
    content: Json = {"application/json": {"schema": reference(result)}}
    if streams:
        content["text/event-stream"] = {"schema": TEXT}
    found: Json = {"operationId": name, "summary": summary, "responses": {
        "200": {"description": "The result.", "content": content},
        "default": {"description": "What is wrong.", "content": {"application/json": {"schema": reference("Error")}}}}}
    if body:
        found["requestBody"] = {"required": True, "content": {"application/json": {"schema": reference(body)}}}
    return found


def reference(name: str) -> Json:
    """Return a reference to a schema."""
    return {"$ref": f"#/components/schemas/{name}"} if name else {"type": "object"}


def record(required: Mapping[str, object], optional: Mapping[str, object] | None = None) -> Json:
    """Return the schema of an object with these fields; others may be added."""
    return {"type": "object", "required": list(required), "properties": {**required, **(optional or {})}}


def listed(item: object) -> Json:
    """Return the schema of a list."""
    return {"type": "array", "items": item}


def word(*values: str) -> Json:
    """Return the schema of one of these words."""
    return {"type": "string", "enum": list(values)}


def either(*kinds: object) -> Json:
    """Return the schema of a value of any of these."""
    return {"anyOf": list(kinds)}


def schemas() -> Json:
    """Return the schemas by name."""
    return {**request_schemas(), **openai_schemas(), **own_schemas()}


def request_schemas() -> Json:
    """Return the schemas of requests. Fields of OpenAI's API that are not listed are ignored."""
    texts = either(TEXT, listed(TEXT))
    narrowing: Json = {
        "library": {**TEXT, "description": "A library, or several separated by commas; by default the configured one."},
        "paths": {**texts, "description": "Only these files, folders or patterns."},
        "types": {**texts, "description": "Only files with these suffixes."},
        "since": {**TEXT, "description": "Only files changed since a date (2026-01-31) or in the last 7d, 2w, 6m, 1y."},
        "user": {**TEXT, "description": "Names the client: clients take turns."},
    }
    message = record({"role": word("system", "developer", "user", "assistant", "tool", "function"),
                      "content": either(TEXT, listed(record({"type": TEXT}, {"text": TEXT})), {"type": "null"})})
    return {
        "ChatRequest": record({"model": TEXT, "messages": listed(message)}, {
            "stream": YES_OR_NO, "stream_options": record({}, {"include_usage": YES_OR_NO}), "n": {"const": 1}, "user": TEXT}),
        "ResponseRequest": record({"model": TEXT, "input": either(TEXT, listed(message))}, {"stream": YES_OR_NO, "user": TEXT}),
        "EmbeddingRequest": record({"model": TEXT, "input": texts}, {
            "encoding_format": word("float", "base64"), "input_type": word("passage", "query"), "user": TEXT}),
        "SearchRequest": closed(record({"question": TEXT}, {
            "limit": {**NUMBER, "minimum": 1, "maximum": MOST_HITS}, **narrowing})),
        "AskRequest": closed(record({"question": TEXT}, {
            "turns": listed(reference("Turn")), "strict": YES_OR_NO, **narrowing})),
        "Turn": closed(record({"question": TEXT}, {"answer": TEXT})),
    }


def closed(schema: Json) -> Json:
    """Return the schema of an object that has no other fields."""
    return {**schema, "additionalProperties": False}


def fields_of_requests() -> dict[str, tuple[str, ...]]:
    """Return the names of the fields of each request."""
    return {name: tuple(schema["properties"]) for name, schema in request_schemas().items() if isinstance(schema, dict)}


def openai_schemas() -> Json:
    """Return the schemas of the results of OpenAI's API."""
    model = record({"id": TEXT, "object": {"const": "model"}, "created": NUMBER, "owned_by": TEXT})
    evidence: Json = {"abstained": YES_OR_NO, "sentences": listed(reference("Sentence")),
                      "citations": listed(reference("Citation"))}
    span: Json = {"url": TEXT, "title": TEXT, "start_index": NUMBER, "end_index": NUMBER}
    place = record({"type": {"const": "url_citation"}, "url_citation": record(span)})
    message = record({"role": {"const": "assistant"}, "content": TEXT, "annotations": listed(place)})
    choice = record({"index": NUMBER, "message": message, "finish_reason": TEXT})
    cited = record({"type": {"const": "file_citation"}, "file_id": TEXT, "filename": TEXT, "index": NUMBER})
    part = record({"type": {"const": "output_text"}, "text": TEXT, "annotations": listed(cited)})
    item = record({"id": TEXT, "type": {"const": "message"}, "role": {"const": "assistant"}, "status": TEXT,
                   "content": listed(part)})
    vector = record({"object": {"const": "embedding"}, "index": NUMBER, "embedding": either(TEXT, listed({"type": "number"}))})
    return {
        "Model": model,
        "ModelList": record({"object": {"const": "list"}, "data": listed(reference("Model"))}),
        "ChatCompletion": record({"id": TEXT, "object": {"const": "chat.completion"}, "created": NUMBER, "model": TEXT,
                                  "choices": listed(choice), "usage": counts("prompt_tokens", "completion_tokens"), **evidence}),
        "Response": record({"id": TEXT, "object": {"const": "response"}, "created_at": NUMBER, "status": TEXT, "model": TEXT,
                            "output": listed(item), "usage": counts("input_tokens", "output_tokens"), **evidence}),
        "EmbeddingList": record({"object": {"const": "list"}, "data": listed(vector), "model": TEXT,
                                 "usage": counts("prompt_tokens")}),
        "Error": record({"error": record({"message": TEXT, "type": TEXT, "param": ANY, "code": either(TEXT, {"type": "null"})})}),
    }


def counts(*names: str) -> Json:
    """Return the schema of numbers of tokens."""
    return record({name: NUMBER for name in (*names, "total_tokens")})


def own_schemas() -> Json:
    """Return the schemas of the program's own JSON."""
    location = record({"line_start": NUMBER, "line_end": NUMBER, "char_start": NUMBER, "char_end": NUMBER})
    hit = record({"rank": NUMBER, "score": {"type": "number"}, "path": TEXT, "title": TEXT, "location": location, "text": TEXT})
    timings: Json = {"type": "object", "properties": {"estimated_tokens": YES_OR_NO},
                     "additionalProperties": {"type": ["number", "null"]}}
    library = record(dict.fromkeys(("name", "path", "embedder"), TEXT)
                     | dict.fromkeys(("documents", "chunks", "skipped", "failed", "bytes", "waiting"), NUMBER)
                     | {"roots": listed(TEXT)})
    finding = record(dict.fromkeys(("subject", "severity", "detail", "remedy"), TEXT))
    return {
        "Sentence": record({"text": TEXT, "numbers": listed(NUMBER), "support": word("full", "partial", "none")}),
        "Citation": record({"number": NUMBER, "path": TEXT, "title": TEXT, "location": location, "quote": TEXT}),
        "SearchResult": record({"question": TEXT, "hits": listed(hit), "embedded": {"type": "number"}, "timings": timings}),
        "Answer": record({
            "question": TEXT, "answer": TEXT, "abstained": YES_OR_NO, "sentences": listed(reference("Sentence")),
            "citations": listed(reference("Citation")), "conflicts": listed({"type": "object"}), "hits": listed(hit),
            "route": word("computed", "passages"),
            "model": TEXT, "machine": TEXT, "embedder": TEXT, "prompt_version": TEXT, "timings": timings}),
        "Status": record({"version": TEXT, "libraries": listed(library), "findings": listed(finding), "waiting": NUMBER}),
        "Health": record({"status": {"const": "ok"}, "version": TEXT}),
    }


