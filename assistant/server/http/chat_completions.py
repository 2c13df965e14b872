"""`/v1/chat/completions` and `/v1/models`: a library is a model, the last message is the question."""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING

from assistant.datatypes import Answer
from assistant.datatypes import as_json as to_json
from assistant.datatypes.as_json import Json
from assistant.errors import UsageError
from assistant.server.gateway import Gateway, GatewayQuestion
from assistant.server.http.citations import source_list, url_annotations
from assistant.server.http.client_tasks import side_task_reply
from assistant.server.http.conversation import conversation_of
from assistant.server.http.json_response import JsonResponse
from assistant.server.http.requests import client_of, gateway_of, read_object
from assistant.server.http.streaming import EventStream, while_connected
from assistant.server.protocol import TokenDelta
from assistant.server.reading import Fields, field, objects, required

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

OWNER = "private-assistant"
NO_TOKENS: Json = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}


async def list_models(request: Request) -> Response:
    """Answer with the libraries."""
    names = gateway_of(request).scope.library_names()
    return JsonResponse({"object": "list", "data": [model_object(name) for name in names]})


async def show_model(request: Request) -> Response:
    """Answer with one library. Raises NotFound."""
    settings = gateway_of(request).scope.settings(request.path_params["model"])
    return JsonResponse(model_object(settings.library))


def model_object(name: str) -> Json:
    """Return a library as a model."""
    return {"id": name, "object": "model", "created": 0, "owned_by": OWNER}


async def complete_chat(request: Request) -> Response:
    """Answer the last message of a conversation."""
    fields = await read_object(request)
    question, gateway = chat_question(fields, client_of(request, fields)), gateway_of(request)
    completion, streamed = Completion(question.library), field(fields, "stream", False)
    gateway.scope.settings(question.library)  # an unknown library is an error, not a stream
    if (reply := side_task_reply(question.text)) is not None:
        return EventStream(completion.chunks_of_text(reply)) if streamed else JsonResponse(completion.whole_text(reply))
    if streamed:
        options = fields.get("stream_options")
        counted = isinstance(options, dict) and field(options, "include_usage", False)
        return EventStream(completion.chunks(gateway, question, counted=counted))
    return JsonResponse(completion.whole(await while_connected(request, gateway.answer(question))))


def chat_question(fields: Fields, client: str) -> GatewayQuestion:
    """Return the question of a request. Raises UsageError for what this server cannot do."""
    if field(fields, "n", 1) != 1:
        raise UsageError("Only one answer can be asked for.", "Leave out n.")
    said = conversation_of(objects(fields, "messages"))
    return GatewayQuestion(said.question, required(fields, "model"), said.turns, client=client, in_order=True)


class Completion:
    """One chat completion."""

    def __init__(self, model: str) -> None:
        self._head: Json = {"id": f"chatcmpl-{uuid.uuid4().hex}", "created": int(time.time()), "model": model}

    def whole(self, answer: Answer) -> Json:
        """Return the completion of a finished answer."""
        whole = self.whole_text(answer.text + source_list(answer), url_annotations(answer))
        return {**whole, "usage": usage(answer), **evidence(answer)}

    def whole_text(self, text: str, annotations: Sequence[Json] = ()) -> Json:
        """Return the completion of a text; no model has written it unless it is an answer."""
        message = {"role": "assistant", "content": text, "refusal": None, "annotations": list(annotations)}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
        return {**self._head, "object": "chat.completion", "choices": [choice], "usage": NO_TOKENS}

    async def chunks_of_text(self, text: str) -> AsyncGenerator[tuple[str, Json | str]]:
        """Yield the completion of a text that is no answer."""
        yield "", self._chunk({"role": "assistant", "content": text})
        yield "", self._chunk({}, "stop")
        yield "", "[DONE]"

    async def chunks(self, gateway: Gateway, question: GatewayQuestion, *,
                     counted: bool) -> AsyncGenerator[tuple[str, Json | str]]:
        """Yield the completion as it is written."""
        yield "", self._chunk({"role": "assistant", "content": ""})
        async with aclosing(gateway.ask(question)) as events:
            async for event in events:
                if isinstance(event, TokenDelta) and event.text:
                    yield "", self._chunk({"content": event.text})
                elif isinstance(event, Answer):
                    for last in self._last_chunks(event, counted=counted):
                        yield "", last
        yield "", "[DONE]"

    def _last_chunks(self, answer: Answer, *, counted: bool) -> list[Json]:
        """Return what follows the text: sources, annotations and counts."""
        sources = source_list(answer)
        chunks = [self._chunk({"content": sources})] if sources else []
        chunks.append({**self._chunk({"annotations": url_annotations(answer)}, "stop"), **evidence(answer)})
        if counted:
            chunks.append({**self._chunk({}), "choices": [], "usage": usage(answer)})
        return chunks

    def _chunk(self, delta: Json, reason: str | None = None) -> Json:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        return {**self._head, "object": "chat.completion.chunk", "choices": [choice]}


def usage(answer: Answer) -> Json:
    """Return the numbers of tokens."""
    taken = answer.timings
    return {"prompt_tokens": taken.prompt_tokens, "completion_tokens": taken.generated_tokens,
            "total_tokens": taken.prompt_tokens + taken.generated_tokens,
            "prompt_tokens_details": {"cached_tokens": taken.reused_tokens}}


def evidence(answer: Answer) -> Json:
    """Return the fields that OpenAI's API lacks: whether the files answer, the support of each sentence, and the citations."""
    return {"abstained": answer.abstained, "sentences": [to_json.sentence(said) for said in answer.sentences],
            "citations": [to_json.citation(cited) for cited in answer.citations]}
