"""Journeys through the whole program with models that need no weights."""

import io
import os
import random
import shutil
import sys
import time
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import ANY

import pytest
from msoffcrypto.format.ooxml import OOXMLFile

from assistant import Assistant, Settings
from assistant.app.library.library import require_same_embedder
from assistant.datatypes import FileState, Filter, Progress, Turn
from assistant.errors import DiskFull, EmbedderMismatch, ModelMissing, NothingIndexed, SkippedFile, UnreadableFile, UsageError
from assistant.index import Store
from assistant.ingest import ReadResult
from assistant.ingest.workers.supervisor import WorkerSupervisor
from assistant.models.fake import FakeChat, FakeEmbedder

LEASE = "# Lease\n\nThe rent is 900 euros a month.\n\n## Notice\n\nEither party may end the lease with ninety days notice.\n"
MANUAL = "# Coffee machine\n\nError E4 means that the water tank is empty.\n"
CHINESE = "# 采购合同\n\n第十二条 乙方逾期交货的，违约金为货款的千分之三。\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = tmp_path / "files"
    files.mkdir()
    (files / "lease.md").write_text(LEASE, "utf-8")
    (files / "manual.md").write_text(MANUAL, "utf-8")
    (files / "合同.md").write_text(CHINESE, "utf-8")
    return files


@pytest.fixture
def assistant(tmp_path: Path) -> Iterator[Assistant]:
    with Assistant(Settings(home=tmp_path / "home", chat="fake:", embed="fake:")) as opened:
        yield opened


def again(assistant: Assistant) -> Assistant:
    """Another process's view of the same library."""
    return Assistant(assistant.settings)


@pytest.mark.parametrize("act", ["add", "sync", "refresh"])
def test_the_time_of_a_report_includes_the_loading_of_the_model(assistant, folder, monkeypatch, act):
    assistant.add([folder])

    def load(*_: object) -> FakeEmbedder:
        time.sleep(0.3)
        return FakeEmbedder()

    monkeypatch.setattr("assistant.app.models.open_embedder", load)
    with again(assistant) as opened:
        report = opened.add([folder]) if act == "add" else opened.sync() if act == "sync" else opened.refresh()
    assert report.seconds >= 0.3


def test_files_in_and_a_cited_answer_out(assistant: Assistant, folder: Path) -> None:
    report = assistant.add([folder])
    assert (report.indexed, report.failed, report.skipped) == (3, (), ())
    stream = assistant.ask("What notice ends the lease?")
    assert stream.hits[0].path == str(folder / "lease.md")
    answer = stream.answer
    assert answer.text == "Either party may end the lease with ninety days notice [1]."
    (citation,) = answer.citations
    assert citation.quote == "Either party may end the lease with ninety days notice."
    assert citation.location.line_start == 7
    assert LEASE[citation.location.char_start : citation.location.char_end] == citation.quote
    assert not answer.abstained


def test_what_is_streamed_is_the_answer(assistant: Assistant, folder: Path) -> None:
    assistant.add([folder])
    stream = assistant.ask("What does error E4 mean?")
    assert "".join(stream).rstrip() == stream.answer.text


def test_chinese_is_found_and_cited(assistant: Assistant, folder: Path) -> None:
    assistant.add([folder])
    answer = assistant.ask("逾期交货的违约金是多少？").answer
    assert "千分之三" in answer.text
    assert Path(answer.citations[0].path).name == "合同.md"


def test_an_unrelated_question_is_refused_without_asking_the_model(assistant: Assistant, folder: Path) -> None:
    assistant.add([folder])
    answer = assistant.ask("Zygomorphic quasars?").answer
    assert answer.abstained
    assert answer.text == "Your files do not say."
    assert answer.timings.prompt_tokens == 0


def test_a_model_that_finds_nothing_is_a_refusal_in_the_questions_language(assistant: Assistant, folder: Path) -> None:
    assistant.add([folder])
    chat = assistant._models.chat
    assert isinstance(chat, FakeChat)
    chat.replies = ["NOT STATED"] * 2  # to the best passage, and to all
    answer = assistant.ask("合同的签订日期是哪天？").answer
    assert (answer.abstained, answer.text, answer.citations) == (True, "您的文件中没有说明。", ())


def test_unchanged_files_are_not_read_again(assistant: Assistant, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assistant.add([folder])
    monkeypatch.setattr("assistant.app.ingest.add.ReaderPool", lambda *_: pytest.fail("a file was read"))
    assert assistant.sync().unchanged == 3


def test_a_touched_file_is_read_but_not_embedded(assistant: Assistant, folder: Path) -> None:
    assistant.add([folder])
    os.utime(folder / "lease.md", ns=(1, 1))
    report = assistant.sync()
    assert (report.indexed, report.unchanged, report.embedded) == (0, 3, 0)


def test_a_changed_file_replaces_its_old_chunks(assistant: Assistant, folder: Path) -> None:
    assistant.add([folder])
    (folder / "manual.md").write_text("# Coffee machine\n\nError E4 means that the grinder is stuck.\n", "utf-8")
    assert assistant.sync().indexed == 1
    texts = " ".join(hit.chunk.text for hit in assistant.search("error E4").hits)
    assert "grinder" in texts
    assert "tank" not in texts


def test_a_renamed_or_copied_file_costs_no_embedding(assistant: Assistant, folder: Path) -> None:
    assistant.add([folder])
    (folder / "lease.md").rename(folder / "moved.md")
    (folder / "copy.md").write_text(MANUAL, "utf-8")
    report = assistant.sync()
    assert (report.indexed, report.removed, report.embedded) == (2, 1, 0)


def test_a_vanished_file_leaves(assistant: Assistant, folder: Path) -> None:
    assistant.add([folder])
    (folder / "lease.md").unlink()
    assert assistant.sync().removed == 1
    assert all(hit.path != str(folder / "lease.md") for hit in assistant.search("lease notice rent").hits)


def test_files_of_a_root_that_is_away_are_kept(assistant: Assistant, folder: Path) -> None:
    assistant.add([folder])
    folder.rename(folder.with_name("unplugged"))
    assert assistant.sync().removed == 0
    assert assistant.search("lease notice").hits


def test_a_removed_file_stays_out_until_it_is_added_again(assistant: Assistant, folder: Path) -> None:
    assistant.add([folder])
    assert assistant.remove(folder / "lease.md") == 1
    assistant.sync()
    assert assistant.status().documents == 2
    assistant.add([folder / "lease.md"])
    assert assistant.status().documents == 3


def test_removing_a_root_leaves_no_text(assistant: Assistant, folder: Path) -> None:
    assistant.add([folder])
    assert assistant.remove(folder) == 3
    assert assistant.status().roots == ()
    with pytest.raises(NothingIndexed):
        assistant.search("rent")


def test_removing_what_is_not_there_says_so(assistant: Assistant, folder: Path) -> None:
    assistant.add([folder])
    with pytest.raises(UsageError, match="not in the library"):
        assistant.remove(folder / "nothing.md")


def test_one_bad_file_stops_no_other_and_is_in_the_ledger(assistant: Assistant, folder: Path) -> None:
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7 and then nothing")
    (folder / "empty.txt").write_bytes(b"")
    (folder / "binary.txt").write_bytes(bytes(range(256)) * 50)
    report = assistant.add([folder])
    assert report.indexed == 3
    entries = {Path(entry.path).name: entry for entry in assistant.ledger()}
    assert entries["broken.pdf"].state is FileState.FAILED
    assert entries["binary.txt"].state is FileState.FAILED
    assert entries["empty.txt"].state is FileState.SKIPPED
    assert all(entries[name].reason for name in ("broken.pdf", "empty.txt", "binary.txt"))


def test_a_path_that_is_not_there_changes_nothing(assistant: Assistant, folder: Path) -> None:
    with pytest.raises(UsageError, match="no file or folder"):
        assistant.add([folder, folder / "nothing"])
    with pytest.raises(NothingIndexed):
        assistant.status()


def test_a_file_that_failed_comes_back_when_the_cause_is_gone(
    assistant: Assistant, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_read = WorkerSupervisor.read

    def deny(warden: WorkerSupervisor, path: Path, *rest: Any) -> list[ReadResult]:
        if path.name == "lease.md":
            return [ReadResult(str(path), UnreadableFile("permission denied"))]
        return real_read(warden, path, *rest)

    monkeypatch.setattr(WorkerSupervisor, "read", deny)
    assert [entry.reason for entry in assistant.add([folder]).failed] == ["permission denied"]
    assert [entry.reason for entry in assistant.sync().failed] == ["permission denied"]
    monkeypatch.undo()
    assert assistant.sync().indexed == 1


def test_a_file_that_was_too_large_comes_back_when_the_limit_grows(assistant: Assistant, folder: Path, tmp_path: Path) -> None:
    small = Assistant(Settings(home=tmp_path / "home", chat="fake:", embed="fake:", max_file_bytes=95))
    assert len(small.add([folder]).skipped) == 1
    report = small.sync()
    assert (report.unchanged, report.skipped) == (3, ())
    assert assistant.sync().indexed == 1


def test_what_is_broken_is_not_read_again_until_it_changes(
    assistant: Assistant, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7 and then nothing")
    (folder / "empty.txt").write_bytes(b"")
    assistant.add([folder])
    with monkeypatch.context() as patched:
        patched.setattr("assistant.app.ingest.add.ReaderPool", lambda *_: pytest.fail("a file was read"))
        assert assistant.sync().unchanged == 5
    other = Assistant(Settings(home=tmp_path / "home", chat="fake:", embed="fake:", chunk_tokens=50))
    assert len(other.sync().failed) == 1
    (folder / "empty.txt").write_text("no longer empty", "utf-8")
    assert other.sync().indexed == 1


@pytest.mark.parametrize("closed", ["sub", "deep.md"])
def test_what_cannot_be_looked_at_for_a_moment_is_kept(
    assistant: Assistant, folder: Path, monkeypatch: pytest.MonkeyPatch, closed: str
) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "deep.md").write_text("The platypus sleeps.", "utf-8")
    assistant.add([folder])
    real_stat = Path.stat

    def deny(self: Path, **options: bool) -> os.stat_result:
        if self.name == closed:
            raise PermissionError(13, "Permission denied")
        return real_stat(self, **options)

    for rebuild in (False, True):
        with monkeypatch.context() as patched:
            patched.setattr(Path, "stat", deny)
            assert assistant.sync(rebuild=rebuild).removed == 0
        assert Path(assistant.search("platypus").hits[0].path).name == "deep.md"
    assert assistant.sync().unchanged == 4
    shutil.rmtree(folder / "sub")
    assert assistant.sync().removed == 1


def test_a_root_that_is_suddenly_empty_keeps_its_files(assistant: Assistant, folder: Path) -> None:
    assistant.add([folder])
    folder.rename(folder.with_name("unplugged"))
    folder.mkdir()
    report = assistant.sync()
    assert (report.removed, report.away) == (0, (str(folder),))
    assert assistant.search("lease notice").hits
    (folder / "new.md").write_text("New.", "utf-8")
    assert assistant.sync().removed == 3


def test_a_file_inside_of_what_was_removed_can_be_added(assistant: Assistant, folder: Path) -> None:
    (folder / "sub").mkdir()
    for name in ("c.txt", "d.txt"):
        (folder / "sub" / name).write_text(f"File {name}.", "utf-8")
    assistant.add([folder])
    assert assistant.remove(folder / "sub") == 2
    assert assistant.add([folder / "sub" / "c.txt"]).indexed == 1
    assert assistant.sync().removed == 0
    assert {Path(entry.path).name for entry in assistant.ledger()} == {"lease.md", "manual.md", "合同.md", "c.txt"}
    assert assistant.remove(folder / "sub") == 1
    assert assistant.sync().indexed == 0


@pytest.mark.parametrize("removes_root", [True, False])
def test_adding_a_folder_again_brings_back_all_of_it(assistant: Assistant, folder: Path, removes_root: bool) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "c.txt").write_text("File c.", "utf-8")
    assistant.add([folder])
    assistant.remove(folder / "sub")
    if removes_root:
        assistant.remove(folder)
    assistant.add([folder])
    assert assistant.status().documents == 4


@pytest.mark.skipif(sys.platform == "win32", reason="needs links")
def test_a_root_that_became_a_link_to_nowhere_is_away(assistant: Assistant, folder: Path) -> None:
    assistant.add([folder, folder / "lease.md"])
    moved = folder.rename(folder.with_name("unplugged"))
    folder.symlink_to(folder.with_name("nothing"))
    assert assistant.sync().away == (str(folder), str(folder / "lease.md"))
    folder.unlink()
    moved.rename(folder)
    assert assistant.sync().unchanged == 3


def test_a_file_of_the_far_future_is_indexed_once(assistant: Assistant, folder: Path) -> None:
    try:
        os.utime(folder / "lease.md", (2**34, 2**34))
    except (OSError, OverflowError):
        pytest.skip("the file system has no such time")
    assert assistant.add([folder]).indexed == 3
    assert assistant.sync().unchanged == 3


def test_overlapping_and_repeated_roots_are_read_once(assistant: Assistant, folder: Path) -> None:
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7 and then nothing")
    report = assistant.add([folder / "lease.md", folder, folder])
    assert (report.indexed, len(report.failed)) == (3, 1)
    assert assistant.sync().unchanged == 4


def test_a_batch_is_one_transaction(assistant: Assistant, folder: Path) -> None:
    for number in range(20):
        (folder / f"{number}.txt").write_text(f"File number {number}.", "utf-8")
        (folder / f"{number}.xyz").write_text("?", "utf-8")
    assistant.add([folder / "lease.md"])
    commits: list[str] = []
    assistant._store()._connection.set_trace_callback(lambda sql: commits.append(sql) if sql == "COMMIT" else None)
    report = assistant.add([folder])
    assert (report.indexed, len(report.skipped)) == (22, 20)
    assert len(commits) <= 8


@pytest.mark.parametrize("stage", ["reading", "embedding", "keeping"])
def test_what_is_counted_is_what_is_kept(
    assistant: Assistant, folder: Path, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    monkeypatch.setattr("assistant.app.ingest.write_batch.BATCH_FILES", 2)
    monkeypatch.setattr("assistant.app.ingest.add.EMBEDDED_AT_ONCE", 1)
    monkeypatch.setattr("assistant.app.ingest.add.EMBEDDED_MEANWHILE", 1)
    for number in range(5):
        (folder / f"{number}.txt").write_text(f"File number {number}.", "utf-8")
        (folder / f"{number}.xyz").write_text("?", "utf-8")
    seen: list[str] = []

    def stop(progress: Progress) -> None:
        seen.append(progress.stage)
        # a slow file is told of more than once
        if progress.stage == stage and (progress.done == 4 if stage == "reading" else seen.count(stage) == 4):
            raise KeyboardInterrupt

    report = assistant.add([folder], stop)
    status = assistant.status()
    assert report.interrupted and report.indexed
    assert (report.indexed, len(report.skipped), report.chunks) == (status.documents, status.skipped, status.chunks)
    assert report.embedded == status.chunks - status.waiting
    assistant.sync()
    assert (assistant.status().documents, assistant.status().waiting) == (8, 0)


def test_a_batch_that_cannot_be_kept_is_not_counted(assistant: Assistant, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_document = Store.put_document
    calls: list[object] = []

    def stop(self: Store, *rest: object) -> None:
        put_document(self, *rest)  # type: ignore[arg-type]
        calls.append(rest)
        if len(calls) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(Store, "put_document", stop)
    report = assistant.add([folder])
    assert (report.interrupted, report.indexed, assistant.status().documents) == (True, 0, 0)


@pytest.mark.parametrize(("room", "says"), [(0, "No file was indexed in this run."), (1, "1 file indexed in this run is in the")])
def test_a_full_disk_says_how_many_files_are_kept(
    assistant: Assistant, folder: Path, monkeypatch: pytest.MonkeyPatch, room: int, says: str
) -> None:
    monkeypatch.setattr("assistant.app.ingest.write_batch.BATCH_CHUNKS", 1)
    put_document, calls = Store.put_document, []

    def fill(self: Store, *rest: object) -> int:
        calls.append(rest)
        if len(calls) > room:
            raise DiskFull("There is no room to write the library.", "Free some space, then run the command again.")
        return put_document(self, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(Store, "put_document", fill)
    with pytest.raises(DiskFull) as raised:
        assistant.add([folder])
    assert raised.value.hint.startswith(f"Free some space, then run the command again. {says}")
    assert assistant.status().documents == room


def test_stopped_half_way_and_taken_up_again(assistant: Assistant, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.app.ingest.write_batch.BATCH_CHUNKS", 1)

    def stop(progress: Progress) -> None:
        if progress.stage == "reading" and progress.done == 1:
            raise KeyboardInterrupt

    report = assistant.add([folder], stop)
    assert (report.interrupted, report.indexed) == (True, 1)
    assert again(assistant).status().documents == 1
    report = assistant.add([folder])
    assert (report.indexed, report.unchanged) == (2, 1)


def test_another_embedding_model_is_refused_until_the_library_is_rebuilt(
    assistant: Assistant, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assistant.add([folder])
    monkeypatch.setattr(FakeEmbedder, "fingerprint", "another")
    other = again(assistant)
    for use in (lambda: other.search("rent"), lambda: other.add([folder]), lambda: other.sync()):
        with pytest.raises(EmbedderMismatch, match="fake:"):
            use()
    assert other.sync(rebuild=True).indexed == 3
    assert other.search("rent").hits


@pytest.fixture
def two_roots(assistant: Assistant, folder: Path) -> Path:
    """A library of two folders, one of which is away."""
    drive = folder.with_name("drive")
    drive.mkdir()
    (drive / "platypus.md").write_text("The platypus sleeps.", "utf-8")
    assistant.add([folder, drive])
    drive.rename(drive.with_name("unplugged"))
    return drive


def test_a_rebuild_keeps_the_files_of_a_root_that_is_away(assistant: Assistant, two_roots: Path) -> None:
    report = assistant.sync(rebuild=True)
    assert (report.indexed, report.away) == (3, (str(two_roots),))
    assert report.embedded == report.chunks > 0
    assert assistant.status().documents == 4
    assert Path(assistant.search("platypus").hits[0].path).name == "platypus.md"


def test_a_rebuild_with_another_model_says_which_files_it_had_to_leave_out(
    assistant: Assistant, two_roots: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeEmbedder, "fingerprint", "another")
    other = again(assistant)
    other.sync(rebuild=True)
    entry = next(entry for entry in other.ledger() if entry.path.endswith("platypus.md"))
    assert (entry.state, entry.reason) == (FileState.SKIPPED, "its folder was missing when the library was rebuilt")
    assert other.status().documents == 3
    two_roots.with_name("unplugged").rename(two_roots)
    assert other.sync().indexed == 1


def test_a_rebuild_that_is_stopped_does_not_call_files_indexed(
    assistant: Assistant, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assistant.add([folder])

    def stop(progress: Progress) -> None:
        if progress.stage == "reading":
            raise KeyboardInterrupt

    assert assistant.sync(stop, rebuild=True).interrupted
    assert (assistant.status().documents, assistant.status().skipped) == (0, 3)
    assert assistant.sync().indexed == 3


def test_files_are_found_by_keyword_before_they_are_embedded(
    assistant: Assistant, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assistant.app.ingest.add.EMBEDDED_MEANWHILE", 0)  # however slow the readers are
    found: list[str] = []

    def look(progress: Progress) -> None:
        if progress.stage == "embedding" and not found:
            with again(assistant) as other:
                assert other.status().waiting == 3
                result = other.search("Which days of notice does the lease need?")
                found.extend(hit.path for hit in result.hits)
                assert result.embedded == 0.0

    report = assistant.add([folder], look)
    assert found[0].endswith("lease.md") and report.embedded == 3
    assert assistant.search("lease").embedded == 1.0


def test_what_waits_is_embedded_by_the_next_run(assistant: Assistant, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.app.ingest.add.EMBEDDED_MEANWHILE", 0)  # however slow the readers are

    def stop(progress: Progress) -> None:
        if progress.stage == "embedding":
            raise KeyboardInterrupt

    report = assistant.add([folder], stop)
    assert (report.indexed, report.embedded, assistant.status().waiting) == (3, 0, 3)
    report = assistant.sync()
    assert (report.indexed, report.unchanged, report.embedded, assistant.status().waiting) == (0, 3, 3, 0)


def test_a_session_notices_that_another_process_rebuilt_with_another_model(
    assistant: Assistant, folder: Path
) -> None:
    assistant.add([folder])
    assert assistant.search("rent").hits

    class Other(FakeEmbedder):
        fingerprint = "another"

    other = again(assistant)
    other._models._cache.embedder = lambda spec: Other()
    other.sync(rebuild=True)
    with pytest.raises(EmbedderMismatch):
        assistant.search("rent")
    with pytest.raises(EmbedderMismatch):
        assistant.search("rent")


def test_half_a_character_in_a_question_does_no_harm(assistant: Assistant, folder: Path) -> None:
    assistant.add([folder])
    question = "What notice ends the lease\ud83d?"
    assert assistant.search(question).question == "What notice ends the lease??"
    assert assistant.ask(question).answer.question.encode()


def test_remove_leaves_no_copy_of_the_vectors(assistant: Assistant, folder: Path) -> None:
    assistant.add([folder])
    assistant.search("rent")
    (assistant.library_file.parent / "library.view.123.partial").write_bytes(b"half a view")
    assistant.remove(folder / "lease.md")
    left = [path for pattern in ("*.faiss", "*.view*") for path in assistant.library_file.parent.glob(pattern)]
    assert [path.name for path in left if path.suffix != ".lock"] == []


def test_remove_leaves_no_word_in_the_library(assistant: Assistant, folder: Path) -> None:
    (folder / "secret.md").write_text("The password is zyzzyva.", "utf-8")
    assistant.add([folder])
    assistant.remove(folder / "secret.md")
    for file in assistant.library_file.parent.iterdir():
        assert b"zyzzyva" not in file.read_bytes().lower(), file.name


def test_another_chunk_length_reads_everything_again(assistant: Assistant, folder: Path, tmp_path: Path) -> None:
    assistant.add([folder])
    other = Assistant(Settings(home=tmp_path / "home", chat="fake:", embed="fake:", chunk_tokens=5))
    assert other.sync().indexed == 3


def test_a_new_chunk_length_is_not_forgotten_before_every_root_was_read(
    assistant: Assistant, folder: Path, tmp_path: Path
) -> None:
    assistant.add([folder])
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "new.md").write_text("A new file.", "utf-8")
    other = Assistant(Settings(home=tmp_path / "home", chat="fake:", embed="fake:", chunk_tokens=5))
    other.add([tmp_path / "more"])
    assert other.sync().indexed == 4


def test_searching_sees_what_another_process_added(assistant: Assistant, folder: Path) -> None:
    assistant.add([folder])
    assistant.search("rent")
    (folder / "new.md").write_text("Platypus care instructions: feed twice daily.", "utf-8")
    again(assistant).sync()
    assert Path(assistant.search("platypus").hits[0].path).name == "new.md"


def test_copies_of_a_passage_are_one_hit(assistant: Assistant, folder: Path) -> None:
    (folder / "copy.txt").write_text("The fee is ten euros.", "utf-8")
    (folder / "copy two.txt").write_text("The fee is ten  euros.", "utf-8")
    assistant.add([folder])
    assert sum("fee is ten" in hit.chunk.text for hit in assistant.search("fee").hits) == 1


def test_a_follow_up_is_understood(assistant: Assistant, folder: Path) -> None:
    assistant.add([folder])
    turns = [Turn("What is the rent of the lease?", "The rent is 900 euros a month [1].")]
    stream = assistant.ask("And the notice?", turns)
    assert "ninety" in stream.answer.text
    chat = assistant._models.chat
    assert isinstance(chat, FakeChat)
    first, answer, second = chat.asked[-1][1:]
    assert first.content.endswith(f"\n\nQuestion: {turns[0].question}") and "ninety days" in first.content
    assert (answer.content, second.content) == ("The rent is 900 euros a month.", "Question: And the notice?")


def test_nothing_indexed_and_no_model_are_said_before_any_work(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(NothingIndexed):
        Assistant(Settings(home=tmp_path / "home", chat="fake:", embed="fake:")).ask("What?")
    with pytest.raises(ModelMissing, match="No embedding model"):
        Assistant(Settings(home=tmp_path / "home")).add([folder])


def test_a_question_of_a_hundred_thousand_characters_is_searched(assistant: Assistant, folder: Path) -> None:
    assistant.add([folder])
    started = time.monotonic()
    assert assistant.search("notice of the lease " * 5000).hits
    assert time.monotonic() - started < 30


def test_a_full_disk_is_said_and_what_was_kept_stays(assistant: Assistant, folder: Path) -> None:
    assistant.add([folder])
    connection = assistant._store()._connection
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")  # SQLite says then what it says of a full disk
    (folder / "big.txt").write_text("\n\n".join(f"Paragraph {number} on topic {number * 7}." for number in range(3000)), "utf-8")
    with pytest.raises(DiskFull, match="no room"):
        assistant.sync()
    assert assistant.search("notice lease").hits
    connection.execute("PRAGMA max_page_count = 1000000")
    assert assistant.sync().indexed == 1


def zipped(path: Path, **files: str) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name.replace("__", "."), text)


def test_files_inside_an_archive_are_files_of_their_own(assistant: Assistant, folder: Path) -> None:
    box = folder / "old.zip"
    zipped(box, lease__md="# Old lease\n\nThe rent was 700 doubloons.\n", strange__xyz="?")
    report = assistant.add([folder])
    assert (report.indexed, [entry.reason for entry in report.skipped]) == (5, ["no reader for .xyz files"])
    hit = assistant.search("doubloons").hits[0]
    assert (hit.path, hit.chunk.location.line_start) == (str(box / "lease.md"), 1)
    entries = {entry.path: entry for entry in assistant.ledger()}
    assert entries[str(box / "lease.md")].container == str(box) and entries[str(box)].notes == ("2 files in it",)
    report = assistant.sync()
    assert (report.unchanged, report.indexed, report.embedded) == (4, 0, 0)


def test_what_is_in_an_archive_changes_and_goes_with_it(assistant: Assistant, folder: Path) -> None:
    box = folder / "old.zip"
    zipped(box, one__txt="first doubloons", two__txt="second ducats")
    assistant.add([folder])
    zipped(box, two__txt="second ducats", three__txt="third florins")
    assistant.sync()
    assert {Path(hit.path).name for hit in assistant.search("first second third").hits} >= {"two.txt", "three.txt"}
    assert str(box / "one.txt") not in {entry.path for entry in assistant.ledger()}
    box.unlink()
    assert assistant.sync().removed == 3
    assert not any("old.zip" in entry.path for entry in assistant.ledger())


def test_a_file_is_taken_out_of_an_archive(assistant: Assistant, folder: Path) -> None:
    box = folder / "old.zip"
    zipped(box, one__txt="first doubloons", two__txt="second ducats")
    assistant.add([folder])
    assert assistant.remove(box / "one.txt") == 1
    os.utime(box, (1, 1))
    assistant.sync(rebuild=True)
    assert str(box / "one.txt") not in {entry.path for entry in assistant.ledger()}
    assert assistant.remove(box) == 2


def test_attachments_are_files_of_their_own(assistant: Assistant, tmp_path: Path) -> None:
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = "The offer", "ann@example.org", "bob@example.org"
    message.set_content("Please see the offer.")
    message.add_attachment(b"The price is 40 doubloons.", maintype="text", subtype="plain", filename="offer.txt")
    (tmp_path / "mail.eml").write_bytes(bytes(message))
    assert assistant.add([tmp_path / "mail.eml"]).indexed == 2
    assert assistant.search("doubloons").hits[0].path == str(tmp_path / "mail.eml" / "offer.txt")


def test_passwords_open_what_was_encrypted_and_are_kept_nowhere(assistant: Assistant, folder: Path, tmp_path: Path) -> None:
    plain, locked = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(plain, "w") as archive:
        archive.writestr("word/document.xml", '<w:document xmlns:w="w"><w:body><w:p><w:r><w:t>Secret florins.</w:t></w:r></w:p>'
                                              "</w:body></w:document>")
        archive.writestr("[Content_Types].xml", '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>')
        archive.writestr("filling", random.Random(1).randbytes(9000))  # the library cannot encrypt small files
    OOXMLFile(io.BytesIO(plain.getvalue())).encrypt("correct horse", locked)
    (folder / "secret.docx").write_bytes(locked.getvalue())
    assert [entry.reason for entry in assistant.add([folder]).failed] == ["it is encrypted: a password is needed"]
    assert assistant.sync().unchanged == 4
    failed = assistant.sync(passwords=["battery"]).failed
    assert [entry.reason for entry in failed] == ["it is encrypted: none of the given passwords opens it"]
    assert assistant.sync(passwords=["battery", "correct horse"]).indexed == 1
    assert assistant.search("florins").hits[0].path.endswith("secret.docx")
    assert assistant.sync().unchanged == 4
    for file in (tmp_path / "home").rglob("*"):
        assert not file.is_file() or b"correct horse" not in file.read_bytes()


def test_a_question_is_asked_of_some_files_only(assistant: Assistant, folder: Path) -> None:
    (folder / "lease.txt").write_text("The rent is 900 euros a month, says the old lease.", "utf-8")
    os.utime(folder / "lease.txt", (1, 1))
    assistant.add([folder])
    asked = "What is the rent?"
    assert {Path(hit.path).name for hit in assistant.search(asked).hits} >= {"lease.md", "lease.txt"}
    for wanted, expected in ((Filter(types=("txt",)), "lease.txt"), (Filter(("*.md",)), "lease.md"),
                             (Filter((str(folder / "lease.md"),)), "lease.md"), (Filter(since_ns=10**12), "lease.md")):
        names = {Path(hit.path).name for hit in assistant.search(asked, wanted=wanted).hits}
        assert expected in names and len(names & {"lease.md", "lease.txt"}) == 1
    assert assistant.search(asked, wanted=Filter(("/nowhere*",))).hits == ()
    with pytest.raises(UsageError, match="No file in the library is at /nowhere"):
        assistant.search(asked, wanted=Filter(("/nowhere",)))
    assert assistant.ask(asked, wanted=Filter(types=("txt",))).hits[0].path.endswith("lease.txt")


def test_a_question_is_asked_of_several_libraries(assistant: Assistant, folder: Path, tmp_path: Path) -> None:
    assistant.add([folder / "lease.md"])
    settings = Settings(home=tmp_path / "home", chat="fake:", embed="fake:", library="work")
    with Assistant(settings) as work:
        work.add([folder / "manual.md"])
    with Assistant(replace(settings, library="default, work")) as both:
        assert both.search("What does error E4 mean?").hits[0].path.endswith("manual.md")
        assert both.search("What is the rent?").hits[0].path.endswith("lease.md")
        with pytest.raises(UsageError, match="Several libraries"):
            both.add([folder])
    with Assistant(replace(settings, library="work,nowhere")) as missing, pytest.raises(NothingIndexed, match="nowhere"):
        missing.search("rent")


def test_a_search_is_explained(assistant: Assistant, folder: Path) -> None:
    (folder / "copy.md").write_text(LEASE, "utf-8")
    assistant.add([folder])
    why = assistant.explain("What is the rent of the lease?")
    assert ("rent", 2) in why.terms and why.dense_weight > 0
    fates = {Path(hit.path).name: fate for hit, fate in why.candidates}
    assert {fates["lease.md"], fates["copy.md"]} == {"", "drop_duplicates"}
    best = assistant.search("What is the rent of the lease?").hits[0]
    assert {Path(best.path).name, Path(best.also[0][0]).name} == {"lease.md", "copy.md"}


def test_pictures_are_read_when_ocr_was_installed_since(
    assistant: Assistant, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_read, seen = WorkerSupervisor.read, list[str]()

    def look(warden: WorkerSupervisor, path: Path, *rest: Any) -> list[ReadResult]:
        seen.append(path.name)
        if path.name == "manual.md" and len(seen) <= 3:
            return [ReadResult(str(path), SkippedFile("no text: 1 page is a picture; install it for OCR", "hash"))]
        return real_read(warden, path, *rest)

    monkeypatch.setattr(WorkerSupervisor, "read", look)
    monkeypatch.setattr("assistant.app.ingest.add.is_ocr_available", lambda: False)
    assert len(assistant.add([folder]).skipped) == 1
    assert assistant.sync().unchanged == 3 and len(seen) == 3
    monkeypatch.setattr("assistant.app.ingest.add.is_ocr_available", lambda: True)
    assert assistant.sync().indexed == 1 and seen[3:] == ["manual.md"]
    assert assistant.sync().unchanged == 3 and len(seen) == 4


def test_a_folder_that_is_renamed_is_not_read_into_passages_again(
    assistant: Assistant, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "old").mkdir()
    (folder / "old" / "lease.md").write_text(LEASE + "Signed.", "utf-8")
    with zipfile.ZipFile(folder / "old" / "papers.zip", "w") as archive:
        archive.writestr("inside.md", "The inventory lists eleven chairs.")
    assistant.add([folder])
    ids = {hit.chunk_id for hit in assistant.search("inventory chairs signed").hits}
    monkeypatch.setattr("assistant.app.ingest.add.chunk", lambda *_: pytest.fail("a file was cut"))
    (folder / "old").rename(folder / "new")
    report = assistant.sync()
    assert (report.indexed, report.removed, report.unchanged, report.embedded, report.failed) == (2, 2, 3, 0, ())
    hits = assistant.search("inventory chairs signed").hits
    assert {hit.chunk_id for hit in hits} == ids
    assert {Path(hit.path).relative_to(folder).as_posix() for hit in hits} >= {"new/lease.md", "new/papers.zip/inside.md"}
    assert not [entry for entry in assistant.ledger() if "/old/" in entry.path]
    assert assistant.sync().unchanged == 5


def test_a_file_that_only_looks_like_one_that_is_gone_is_read(assistant: Assistant, folder: Path) -> None:
    assistant.add([folder])
    (folder / "sub").mkdir()
    (folder / "lease.md").unlink()
    (folder / "sub" / "lease.md").write_text(LEASE.replace("900", "800"), "utf-8")
    report = assistant.sync()
    assert (report.indexed, report.removed) == (1, 1)
    assert "800 euros" in assistant.search("rent euros a month").hits[0].chunk.text


def test_an_edit_that_is_taken_back_costs_no_embedding(assistant: Assistant, folder: Path) -> None:
    assistant.add([folder])
    (folder / "lease.md").write_text("Nothing of it.", "utf-8")
    assert assistant.sync().embedded == 1
    (folder / "lease.md").write_text(LEASE, "utf-8")
    report = assistant.sync()
    assert (report.indexed, report.embedded) == (1, 0)
    assert assistant.search("ninety days notice").hits[0].dense_rank is not None


def test_vectors_of_texts_that_left_are_dropped_in_the_end(
    assistant: Assistant, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assistant.add([folder])
    (folder / "lease.md").unlink()
    assistant.sync()
    counted = "SELECT count(*) FROM vectors WHERE key NOT IN (SELECT vector_key FROM chunks)"
    assert assistant._store()._number(counted) > 0
    monkeypatch.setattr("assistant.index.store.time.time", lambda: time.time_ns() / 1e9 + 8 * 86_400)
    assistant.sync()
    assert assistant._store()._number(counted) == assistant._store()._number("SELECT count(*) FROM orphaned_vectors") == 0


def test_a_known_file_that_cannot_be_read_for_a_moment_stays_as_it_was(
    assistant: Assistant, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assistant.add([folder])
    for name in ("lease.md", "new.md"):
        (folder / name).write_text("Something else.", "utf-8")
    reasons = {"lease.md": "cannot be read: Input/output error", "new.md": "it is gone"}
    with monkeypatch.context() as broken:
        broken.setattr(WorkerSupervisor, "read", lambda _, path, *__: [ReadResult(str(path), UnreadableFile(reasons[path.name]))])
        report = assistant.sync()
    assert [Path(entry.path).name for entry in report.failed] == ["lease.md"]
    assert assistant.search("ninety days notice").hits
    assert not [entry for entry in assistant.ledger() if entry.path.endswith("new.md")]
    assert assistant.sync().indexed == 2


def test_a_look_at_some_paths_brings_in_these_and_embeds_nothing(assistant: Assistant, folder: Path) -> None:
    assistant.include([folder])
    report = assistant.refresh()
    assert (report.indexed, report.embedded) == (3, 0)
    assert assistant.embed_waiting(1) == assistant.status().waiting > 0
    while assistant.embed_waiting(10):
        pass
    (folder / "sub").mkdir()
    (folder / "lease.md").rename(folder / "sub" / "lease.md")
    (folder / "manual.md").unlink()
    changes: list[tuple[str, str]] = []
    paths = [folder / "lease.md", folder / "sub"]
    report = assistant.refresh(paths, on_change=lambda change: changes.append((change.kind, Path(change.path).name)))
    assert (report.indexed, report.removed, report.unchanged, changes) == (1, 1, 0, [("moved", "lease.md")])
    assert {Path(entry.path).relative_to(folder).as_posix() for entry in assistant.ledger()} == {
        "sub/lease.md", "manual.md", "合同.md"}
    assert assistant.refresh([folder / "manual.md"]).removed == 1
    assert assistant.refresh([folder.parent]).unchanged == 2
    assert assistant.refresh([folder.parent / "elsewhere"]) == replace(report, indexed=0, removed=0, seconds=ANY)


def test_a_file_that_was_added_itself_is_not_read_again_for_a_look_elsewhere(assistant: Assistant, folder: Path) -> None:
    assistant.add([folder / "lease.md"])
    other = folder / "other"
    other.mkdir()
    assistant.add([other])
    report = assistant.refresh([other])
    assert (report.indexed, report.unchanged) == (0, 0)
    assert assistant.refresh([folder]).unchanged == 1


@pytest.mark.skipif(sys.platform == "win32", reason="needs links")
def test_a_root_with_links_to_places_inside_is_looked_at_as_a_whole(assistant: Assistant, folder: Path) -> None:
    (folder / ".store").mkdir()
    (folder / ".store" / "note.md").write_text("Chimney swept.", "utf-8")
    assistant.include([folder])
    assistant.refresh()
    (folder / "link.md").symlink_to(folder / ".store" / "note.md")
    assert assistant.refresh([folder / "link.md"]).indexed == 1
    (folder / ".store" / "note.md").write_text("Chimney swept twice.", "utf-8")
    assert assistant.refresh([folder / "lease.md"]).indexed == 1


def test_a_model_of_the_same_name_with_other_files_is_named_as_such() -> None:
    store = SimpleNamespace(meta={"embedder": "one", "embedder_name": "minilm"}.get)
    with pytest.raises(EmbedderMismatch, match="built with the embedding model minilm, whose files have changed since"):
        require_same_embedder(store, SimpleNamespace(fingerprint="another", name="minilm"))
