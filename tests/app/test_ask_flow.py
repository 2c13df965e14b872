"""The steps of a question stand in one file: generation and retrieval never call back up into the use cases."""

from __future__ import annotations

import sys
from pathlib import Path
from types import FrameType

from assistant import Assistant, Settings

PACKAGE = Path(sys.modules["assistant"].__file__ or "").parent


def stage_of(frame: FrameType | None) -> str:
    file = Path(frame.f_code.co_filename) if frame else Path()
    return file.relative_to(PACKAGE).parts[0] if file.is_relative_to(PACKAGE) else ""


def test_no_stage_calls_back_into_the_use_cases(tmp_path: Path) -> None:
    (tmp_path / "lease.md").write_text("# Lease\n\nThe lease ends on 31 May 2027. The rent is 900 euros.\n", "utf-8")
    climbs: set[str] = set()

    def note(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call" and stage_of(frame) == "app" and stage_of(frame.f_back) in {"generation", "retrieval", "index"}:
            climbs.add(f"{frame.f_back.f_code.co_qualname if frame.f_back else ''} -> {frame.f_code.co_qualname}")

    with Assistant(Settings(home=tmp_path / "home", embed="fake:", chat="fake:")) as assistant:
        assistant.add([tmp_path / "lease.md"])
        sys.setprofile(note)
        try:
            answer = assistant.ask("When does the lease end?").answer
        finally:
            sys.setprofile(None)
    assert "2027" in answer.text
    assert not climbs
