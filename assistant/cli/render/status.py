"""Render ingestion reports, library status, the file ledger and findings."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.text import Text

from assistant.cli.console import counted, linked, name_library, on_one_line, size_in_words
from assistant.datatypes import FileState, Finding, IngestReport, LedgerEntry, LibraryMetrics, LibraryStatus, SentCount, Severity
from assistant.errors import ENCRYPTED

LISTED = 10  # files that a summary names
STATE_MARKS = {FileState.INDEXED: ("indexed", "green"), FileState.SKIPPED: ("skipped", "yellow"),
               FileState.FAILED: ("failed", "red")}


def show_report(console: Console, report: IngestReport) -> None:
    """Show the result of `add` or `sync`, and why files were left out."""
    console.print(Text(summary(report), "bold"))
    left_out = (*report.failed, *report.skipped)
    for entry in left_out[:LISTED]:
        word, style = STATE_MARKS[entry.state]
        name = linked(entry.path, entry.path)
        console.print(Text.assemble("  ", (word, style), " ", name, f": {on_one_line(entry.reason)}"))
    if len(left_out) > LISTED:
        console.print(f"  and {len(left_out) - LISTED:,} more")
    if left_out:
        options = [*(["--failed"] if report.failed else []), *(["--skipped"] if report.skipped else [])]
        console.print(Text(name_library(f"See all of them: assistant status {' '.join(options)}"), "dim"))
    if any(ENCRYPTED in entry.reason for entry in report.failed):
        console.print(Text(name_library("To read encrypted files: assistant sync --password-file FILE"), "dim"))
    for root in report.away:
        console.print(Text.assemble("  ", ("away", "yellow"), " ", linked(root, root),
                                    ": missing or empty; its files stay in the library"))


def summary(report: IngestReport) -> str:
    """Return the result of `add` or `sync` in one line."""
    counts = {"indexed": report.indexed, "unchanged": report.unchanged, "removed": report.removed,
              "skipped": len(report.skipped), "failed": len(report.failed)}
    parts = [f"{count:,} {word}" for word, count in counts.items() if count or word == "indexed"]
    return f"{', '.join(parts)} ({counted(report.chunks, 'passage')}, {report.seconds:.1f} s)"


def show_status(console: Console, status: LibraryStatus) -> None:
    """Show what a library holds."""
    console.print(Text.assemble(("Library ", "bold"), (on_one_line(status.name), "bold"), f"  {on_one_line(status.path)}"))
    console.print(f"  {counted(status.documents, 'file')}, {counted(status.chunks, 'passage')}, {size_in_words(status.bytes)}, "
                  f"embedded with {on_one_line(status.embedder) or 'nothing yet'}")
    console.print(f"  {status.skipped:,} skipped, {status.failed:,} failed")
    if status.waiting:
        hint = name_library("to embed: assistant sync")
        console.print(f"  {counted(status.waiting, 'passage')} not embedded yet, found by keyword only; {hint}")
    for root in status.roots:
        console.print(Text.assemble("  from ", linked(root, root)))


def show_metrics(console: Console, measured: LibraryMetrics | None) -> None:
    """Show the machines of a shared library and how quickly it answers; nothing for a library of this machine only."""
    if measured is None:
        return
    only = ", only read here" if measured.is_read_only else ""
    console.print(f"  shared{only}; one request takes {measured.round_trip_ms:,.1f} ms")
    for each in measured.machines:
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(each.synced))
        console.print(f"  last synced by {on_one_line(each.machine)}: {when}")


def show_sent(console: Console, sent: SentCount) -> None:
    """Show how many questions went to chat models on other machines; nothing if none could."""
    if sent.questions or sent.requests:
        console.print(f"  {sent.left:,} of {counted(sent.questions, 'question')} left this machine for "
                      f"{on_one_line(', '.join(sent.servers)) or 'no server'}: {counted(sent.requests, 'request')}, "
                      f"{size_in_words(sent.bytes)}")


def show_ledger(console: Console, entries: Sequence[LedgerEntry]) -> None:
    """Show the state of each file."""
    for entry in entries:
        word, style = STATE_MARKS[entry.state]
        console.print(Text.assemble((f"{word:8}", style), linked(entry.path, entry.path), f"  {details(entry)}"))


def details(entry: LedgerEntry) -> str:
    """Return a file's reason or chunk count, pages, encoding and notes."""
    facts = [entry.reason] if entry.reason else [counted(entry.chunks, "passage")]
    if entry.pages:
        facts.append(counted(entry.pages, "page"))
    if entry.ocr_pages:
        facts.append(f"OCR: p. {page_ranges(entry.ocr_pages)}")
    if entry.empty_pages:
        facts.append(f"no text on p. {page_ranges(entry.empty_pages)}")
    if entry.encoding not in {None, "utf-8"}:
        facts.append(f"encoding {entry.encoding}")
    return on_one_line("; ".join([*facts, *entry.notes]))


def page_ranges(numbers: Sequence[int]) -> str:
    """Return rising numbers as ranges: "1-3, 7"."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


SEVERITY_MARKS = {Severity.OK: ("ok     ", "green"), Severity.WARNING: ("warning", "yellow"),
                  Severity.ERROR: ("error  ", "bold red")}


def show_findings(console: Console, findings: Iterable[Finding]) -> None:
    """Show the findings of `doctor`."""
    for finding in findings:
        word, style = SEVERITY_MARKS[finding.severity]
        subject = (on_one_line(f"{finding.subject}: "), "bold")
        console.print(Text.assemble((word, style), "  ", subject, on_one_line(finding.detail)))
        if finding.remedy:
            console.print(Text(f"         {on_one_line(finding.remedy)}", "dim"))
