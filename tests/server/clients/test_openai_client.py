"""OpenAI's Python client against the server. Install it with: pip install openai"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec

import pytest

from assistant.config import Settings
from tests.server.web import TOKEN, Web, serving_web

IS_INSTALLED = find_spec("openai") is not None
openai = import_module("openai") if IS_INSTALLED else None
pytestmark = [pytest.mark.clients, pytest.mark.skipif(not IS_INSTALLED, reason="pip install openai")]

QUESTION = "How much is the deposit?"
MESSAGES = [{"role": "system", "content": "Answer briefly."}, {"role": "user", "content": QUESTION}]


@pytest.fixture
def web(settings: Settings) -> Iterator[Web]:
    with serving_web() as served:
        yield served


@pytest.fixture
def client(web: Web):
    with openai.OpenAI(base_url=f"{web.url}/v1", api_key=TOKEN, max_retries=0) as made:
        yield made


def test_models(client):
    assert [model.id for model in client.models.list()] == ["default"]
    assert client.models.retrieve("default").owned_by == "private-assistant"


def test_chat(client, web: Web):
    done = client.chat.completions.create(model="default", messages=MESSAGES, temperature=0, max_tokens=100)
    message = done.choices[0].message
    assert message.content.startswith("The deposit is 15500 pounds [1].")
    place = message.annotations[0].url_citation
    assert message.content[place.start_index : place.end_index] == "[1]"
    assert place.url.endswith("/lease.txt#char=37,65")
    assert done.usage.completion_tokens > 0
    raw = web.post("/v1/chat/completions", {"model": "default", "messages": MESSAGES}).json()
    openai.types.chat.ChatCompletion.model_validate(raw)  # the client itself accepts what does not fit its types


def test_chat_in_pieces(client):
    text, usage, last = "", None, None
    for chunk in client.chat.completions.create(model="default", messages=MESSAGES, stream=True,
                                                stream_options={"include_usage": True}):
        openai.types.chat.ChatCompletionChunk.model_validate(chunk.model_dump())
        usage = chunk.usage or usage
        for choice in chunk.choices:
            text += choice.delta.content or ""
            last = choice
    assert "Sources:\n[1] lease.txt, line 3" in text
    assert last.finish_reason == "stop"
    assert last.delta.annotations[0]["url_citation"]["quote"] == "The deposit is 15500 pounds."
    assert usage.total_tokens > 0


def test_the_helper_for_streams(client):
    with client.chat.completions.stream(model="default", messages=MESSAGES) as stream:
        assert [event.type for event in stream][-1] == "content.done"
        assert stream.get_final_completion().choices[0].message.content.startswith("The deposit is")


def test_responses(client, web: Web):
    done = client.responses.create(model="default", input=QUESTION)
    assert done.output_text.startswith("The deposit is 15500 pounds [1].")
    assert done.output[0].content[0].annotations[0].filename == "lease.txt"
    openai.types.responses.Response.model_validate(web.post("/v1/responses", {"model": "default", "input": QUESTION}).json())


def test_responses_in_pieces(client):
    text, completed = "", None
    for event in client.responses.create(model="default", input=[{"role": "user", "content": QUESTION}], stream=True):
        type(event).model_validate(event.model_dump(warnings=False))
        text += event.delta if event.type == "response.output_text.delta" else ""
        completed = event.response if event.type == "response.completed" else completed
    assert completed.output_text == text
    with client.responses.stream(model="default", input=QUESTION) as stream:
        assert stream.get_final_response().output_text == text


def test_embeddings(client):
    done = client.embeddings.create(model="default", input=["one", "two"])  # the client asks for base64
    assert [len(each.embedding) for each in done.data] == [256, 256]
    assert abs(sum(value * value for value in done.data[0].embedding) - 1) < 1e-5


def test_errors_are_those_that_the_client_knows(client, web: Web):
    with pytest.raises(openai.NotFoundError, match="There is no library"):
        client.chat.completions.create(model="gpt-4o", messages=MESSAGES)
    with pytest.raises(openai.BadRequestError, match="The last message must be a question"):
        client.chat.completions.create(model="default", messages=[])
    wrong = client.with_options(api_key="wrong")
    with pytest.raises(openai.AuthenticationError):
        wrong.models.list()


def test_an_error_in_a_stream_is_raised(client):
    with pytest.raises(openai.APIError, match="30,000 characters"):
        list(client.chat.completions.create(model="default", messages=[{"role": "user", "content": "x" * 30_000}], stream=True))


def test_many_at_once(web: Web, settings: Settings):
    async def run() -> list[str]:
        async with openai.AsyncOpenAI(base_url=f"{web.url}/v1", api_key=TOKEN, max_retries=0) as many:
            done = await asyncio.gather(*(many.chat.completions.create(model="default", messages=MESSAGES, user=str(number))
                                          for number in range(20)))
        return [each.choices[0].message.content for each in done]

    assert len(set(asyncio.run(run()))) == 1
