"""`/v1/responses`: OpenAI's newer API, with typed events while the answer is written."""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from typing import TYPE_CHECKING

from assistant.datatypes import Answer
from assistant.datatypes.as_json import Json
from assistant.errors import AssistantError, UsageError
from assistant.server.gateway import Gateway, GatewayQuestion
from assistant.server.http.chat_completions import evidence
from assistant.server.http.citations import file_annotations, source_list
from assistant.server.http.conversation import conversation_of
from assistant.server.http.errors import describe_error
from assistant.server.http.json_response import JsonResponse
from assistant.server.http.requests import client_of, gateway_of, read_object
from assistant.server.http.streaming import EventStream, while_connected
from assistant.server.protocol import TokenDelta
from assistant.server.reading import Fields, field, objects, required

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

PLACE: Json = {"output_index": 0, "content_index": 0}


async def create_response(request: Request) -> Response:
    """Answer a question, or the last message of a conversation."""
    fields = await read_object(request)
    question, gateway = response_question(fields, client_of(request, fields)), gateway_of(request)
    made = ResponseObject(question.library)
    if field(fields, "stream", False):
        gateway.scope.settings(question.library)  # an unknown library is an error, not a stream
        return EventStream(made.events(gateway, question))
    return JsonResponse(made.finished(await while_connected(request, gateway.answer(question))))


def response_question(fields: Fields, client: str) -> GatewayQuestion:
    """Return the question of a request. Raises UsageError for what this server cannot do."""
    if fields.get("previous_response_id") or fields.get("conversation"):
        raise UsageError("This server keeps no conversations.", "Send the earlier messages in input.")
    if isinstance(given := fields.get("input"), str):
        return GatewayQuestion(given, required(fields, "model"), client=client, in_order=True)
    said = conversation_of(objects(fields, "input"))
    return GatewayQuestion(said.question, required(fields, "model"), said.turns, client=client, in_order=True)


class ResponseObject:
    """One response; counts the events of its stream."""

    def __init__(self, model: str) -> None:
        self._model, self._created = model, int(time.time())
        self._id, self._item = f"resp_{uuid.uuid4().hex}", f"msg_{uuid.uuid4().hex}"
        self._number = -1

    def finished(self, answer: Answer) -> Json:
        """Return the response of a finished answer."""
        taken = answer.timings
        read = {"cached_tokens": taken.reused_tokens, "cache_write_tokens": 0}
        counts = {"input_tokens": taken.prompt_tokens, "input_tokens_details": read,
                  "output_tokens": taken.generated_tokens, "output_tokens_details": {"reasoning_tokens": 0},
                  "total_tokens": taken.prompt_tokens + taken.generated_tokens}
        message = self._message("completed", [text_part(answer)])
        return {**self._state("completed", [message]), "usage": counts, **evidence(answer)}

    async def events(self, gateway: Gateway, question: GatewayQuestion) -> AsyncGenerator[tuple[str, Json]]:
        """Yield the events of the response as it is written."""
        for event in self._opening():
            yield event
        try:
            async with aclosing(gateway.ask(question)) as messages:
                async for message in messages:
                    if isinstance(message, TokenDelta) and message.text:
                        yield self._delta(message.text)
                    elif isinstance(message, Answer):
                        for event in self._closing(message):
                            yield event
        except AssistantError as error:
            said = {"code": "server_error", "message": describe_error(error)[1]["error"]["message"]}  # type: ignore[index]
            yield self._event("response.failed", response={**self._state("failed", []), "error": said})

    def _opening(self) -> Iterator[tuple[str, Json]]:
        """Yield the events before the text."""
        begun = self._state("in_progress", [])
        yield self._event("response.created", response=begun)
        yield self._event("response.in_progress", response=begun)
        yield self._event("response.output_item.added", output_index=0, item=self._message("in_progress", []))
        empty = {"type": "output_text", "text": "", "annotations": []}
        yield self._event("response.content_part.added", item_id=self._item, **PLACE, part=empty)

    def _delta(self, text: str) -> tuple[str, Json]:
        return self._event("response.output_text.delta", item_id=self._item, **PLACE, delta=text, logprobs=[])

    def _closing(self, answer: Answer) -> Iterator[tuple[str, Json]]:
        """Yield the events after the text: sources, annotations, and the finished parts."""
        if sources := source_list(answer):
            yield self._delta(sources)
        part = text_part(answer)
        for number, annotation in enumerate(file_annotations(answer)):
            yield self._event("response.output_text.annotation.added", item_id=self._item, **PLACE, annotation_index=number,
                              annotation=annotation)
        yield self._event("response.output_text.done", item_id=self._item, **PLACE, text=part["text"], logprobs=[])
        yield self._event("response.content_part.done", item_id=self._item, **PLACE, part=part)
        yield self._event("response.output_item.done", output_index=0, item=self._message("completed", [part]))
        yield self._event("response.completed", response=self.finished(answer))

    def _event(self, kind: str, **fields: object) -> tuple[str, Json]:
        self._number += 1
        return kind, {"type": kind, "sequence_number": self._number, **fields}

    def _message(self, status: str, content: list[Json]) -> Json:
        return {"id": self._item, "type": "message", "role": "assistant", "status": status, "content": content}

    def _state(self, status: str, output: list[Json]) -> Json:
        return {
            "id": self._id, "object": "response", "created_at": self._created, "status": status, "model": self._model,
            "output": output, "error": None, "incomplete_details": None, "instructions": None, "metadata": {},
            "parallel_tool_calls": False, "temperature": 0.0, "top_p": 1.0, "tool_choice": "none", "tools": [], "usage": None,
            "previous_response_id": None, "store": False,
        }


def text_part(answer: Answer) -> Json:
    """Return the text of an answer with its annotations."""
    return {"type": "output_text", "text": answer.text + source_list(answer), "annotations": file_annotations(answer),
            "logprobs": []}
