"""Each operation of the engine is declared once, and nothing else can be called."""

from __future__ import annotations

import pytest

from assistant.app.assistant import Assistant
from assistant.app.models import ModelCache
from assistant.config import Settings
from assistant.datatypes import EVERY_FILE
from assistant.server.dispatcher import Dispatcher, Job
from assistant.server.operations import ASK, OPERATIONS, PREFETCH_QUERY, SEARCH, TUNE, Kind
from assistant.server.protocol import Call, Failed, Result
from tests.server.serving import call, serving


def test_an_operation_stands_in_the_table_by_its_name() -> None:
    assert all(OPERATIONS[operation.name] is operation for operation in (ASK, SEARCH, PREFETCH_QUERY, TUNE))
    assert [operation.name for operation in OPERATIONS.values() if operation.kind is Kind.ANSWER] == ["ask"]


@pytest.mark.parametrize("name", ["close", "remove", "tune", "prefill", "__class__", "settings"])
def test_what_other_processes_may_not_call_is_refused(settings: Settings, name: str) -> None:
    with serving(settings):
        [message] = call(settings, name, ())
    assert message == Failed("UsageError", f"The engine knows no {name}.", "")


def test_a_job_of_an_unknown_operation_is_never_queued(settings: Settings) -> None:
    with pytest.raises(KeyError):
        Dispatcher(ModelCache()).submit(Call("close", settings))


def test_a_search_runs_with_the_arguments_of_the_call(settings: Settings) -> None:
    job = Job(Call(SEARCH.name, settings, ("When does the lease end?", 1)))
    with Assistant(settings) as assistant:
        found = SEARCH.run(assistant, job.cancelled.is_set, "When does the lease end?", 1, EVERY_FILE)
        assert len(found.hits) == 1
    submitted = Dispatcher(ModelCache()).submit(job.call)
    message = submitted.messages.get(timeout=30)
    assert isinstance(message, Result)
    assert message.result.hits == found.hits
