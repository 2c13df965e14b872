"""The OpenAPI description is true: of the routes, and of real requests and responses."""

from __future__ import annotations

import pytest
from jsonschema import Draft202012Validator

from assistant.server.http.app import routes
from assistant.server.http.openapi import description
from tests.server.web import Web

QUESTION = "How much is the deposit?"
MESSAGES = [{"role": "system", "content": "x"}, {"role": "user", "content": [{"type": "text", "text": QUESTION}]}]
REQUESTS: tuple[tuple[str, str, object], ...] = (
    ("GET", "/v1/models", None), ("GET", "/v1/models/default", None), ("GET", "/status", None), ("GET", "/healthz", None),
    ("GET", "/openapi.json", None),
    ("POST", "/v1/chat/completions", {"model": "default", "messages": MESSAGES, "stream": False}),
    ("POST", "/v1/responses", {"model": "default", "input": MESSAGES}),
    ("POST", "/v1/embeddings", {"model": "default", "input": ["a", "b"], "encoding_format": "float"}),
    ("POST", "/search", {"question": QUESTION, "limit": 2, "types": ["txt"], "library": "default"}),
    ("POST", "/ask", {"question": QUESTION, "turns": [{"question": "a", "answer": "b"}], "strict": True}),
)


def documented(path: str) -> str:
    return "/v1/models/{model}" if path.startswith("/v1/models/") else path


def validate(schema: dict[str, object], value: object) -> None:
    """Hold a value against a schema in which no object may have fields that are not described, one level deep."""
    Draft202012Validator({**schema, "components": description()["components"]}).validate(value)


def test_every_route_is_described_and_nothing_else():
    described = {(method.upper(), path) for path, methods in description()["paths"].items() for method in methods}  # type: ignore[attr-defined]
    served = {(method, route.path.replace(":path", "")) for route in routes() for method in (route.methods or set()) - {"HEAD"}}
    assert described == served
    assert described == {(method, documented(path)) for method, path, _ in REQUESTS}


def test_every_schema_is_valid_and_used():
    schemas = description()["components"]["schemas"]  # type: ignore[index]
    text = str(description())
    for name, schema in schemas.items():
        Draft202012Validator.check_schema(schema)
        assert f"'#/components/schemas/{name}'" in text, name


@pytest.mark.parametrize(("method", "path", "fields"), REQUESTS)
def test_real_requests_and_responses_match(web: Web, method: str, path: str, fields: object):
    operation = description()["paths"][documented(path)][method.lower()]  # type: ignore[index]
    if fields is not None:
        validate(operation["requestBody"]["content"]["application/json"]["schema"], fields)
    answer = web.request(method, path, json=fields) if fields is not None else web.get(path)
    assert answer.status_code == 200
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    validate(schema, answer.json())
    name = schema.get("$ref", "").rsplit("/")[-1]
    if name in {"SearchResult", "Answer", "Status", "Health"}:  # of the own JSON every field is described
        fields_described = description()["components"]["schemas"][name]["properties"]  # type: ignore[index]
        assert set(answer.json()) <= set(fields_described) | {"answerability", "masked", "searched"}


@pytest.mark.parametrize(("method", "path"), [("POST", "/ask"), ("GET", "/nothing"), ("GET", "/v1/models/x"), ("PUT", "/ask")])
def test_errors_match_too(web: Web, method: str, path: str):
    answer = web.request(method, path, content=b"{}")
    assert answer.status_code >= 400
    validate({"$ref": "#/components/schemas/Error"}, answer.json())
