"""Values for random command lines: ordinary ones first, then hostile ones. None names a place outside the folder of a run."""

from __future__ import annotations

PLAIN = 5  # the first values of each row are ordinary ones, and drawn as often as all together
NUMBERS = (
    "1", "2", "7", "3", "12", "0", "-0", "-1", "6", str(2**31), str(2**63 - 1), str(2**63), str(10**30), str(-(10**30)),
    "9" * 5000, "nan", "inf", "-inf", "1e999", "1e3", "0.5", "1_000", "\uff18", " 8 ", "0x10", "", "abc", "1,000", "\u00b2",
)  # fmt: skip
TEXTS = (
    "lease", "When does the lease end?", "summarise lease.md", "last", "context_chunks=8", "", " ", "summarise this file",
    "How many files are there?", "list all dates", "notice period", "\x1b]0;owned\x07", "\u202egnp.exe", "two\nlines",
    "tab\there", "\x9b31m", "\u2028\u0085", "\udcff", "a" * 5000, "\u5408\u540c\u4f55\u65f6\u5230\u671f\uff1f",
    "\U0001f600" * 40, "* OR \"", "NEAR(", "'; DROP TABLE chunks; --", "%s%n{0}{name}", "-", "--", "-k", "lease " * 800,
    "\u0000".replace("\x00", "\\0"), "last", "20240314-2", "fake:", "[bold]x[/bold]", "[/]", "\ufeff", "\u0660", "\u00df",
    "a=b", "context_chunks=8", "context_chunks=-1", "home=/x", "refusal_threshold=nan", "chunk_tokens=",
    "=", "1y", "0d", "99999y",
    "2026-13-45", "2026-01-31", "0001-01-01", "9999-12-31T23:59:59+14:00", "pdf,md", ".", "*", "?", "[", "[!a]",
)  # fmt: skip
LIBRARIES = (
    "default", "work", "default", "fresh", "empty", "default,work", "broken", "none", "a/b", "..", ".", "../x", ".hidden",
    "CON", "nul.txt", "\U0001f4da", "x" * 300, "", ",", "default,", "a\nb", "\u202ex", "\udcff", " default ", "a:b", "a\\b",
    "trailing.",
)  # fmt: skip
MODELS = (
    "fake:", "fake:", "fake:", "fake:", "fake:", "", "smollm2-135m-instruct", "multilingual-e5-small", "nosuch", "FAKE:",
    "fake", "~nosuch_user_x/m.gguf", "./files", "./files/broken.gguf", "x" * 5000, "\udcff.gguf", "\x1b[31m", "files/pipe",
    "/dev/null",
)  # fmt: skip
PATHS = (
    "files", "files/lease.md", "questions.jsonl", "out.json", "work.library", "files/empty.txt", "files/[2024]",
    "files/[2024]/lease.md", "files/what?.md", "files/st*r.md", "files/*.md", "files/two\nlines.md", "files/\x1b[31mred.md",
    "files/\u202egnp.md", "files/c1\x9b.md", "files/pipe", "files/loop", "files/dangling", "files/\udcff.md", "nowhere",
    "nowhere/deeper/x.json", "files/lease.md/x", "", ".", "/dev/null", "x" * 300, "y/" * 3000, "~", "~nosuch_user_x",
    "~nosuch_user_x/f", "-", "--", "bad.jsonl", "odd.jsonl", "strange.library", "records.jsonl", "result.json", "bad.json",
    "passwords.txt",
    "bytes.bin", "cut.library", "locked.library", "odd.library", "not.library", "out.html", "out.md", "new.library",
    "files/loop/x", "./", "files/../files", "home/config.toml", "home/libraries/default/library.sqlite", "/dev/full", "a\tb",
    "\udcffx",
)  # fmt: skip
CONFIGS = (
    b"", b"\xef\xbb\xbfpassages = 3\n", b"passages = 3\n", b"\xff\xfe", b"passages = \n", b"passages = 8.0\n",
    b"passages = nan\n", b"nosuch = 1\n", b"passages = " + b"9" * 5000, b"x = " + b"[" * 5000, b"readers = 0x" + b"f" * 5000,
    b"[table]\nx = 1\n", b"chat = '\\u0000'\n", b'chat = "\\u0000"\n', b"save_sessions = 'perhaps'\n",
    b"refusal_threshold = true\n", b"passages = 1979-05-27\n", b'"\\u001b[31m" = 1\n', b"library = 'a/b'\n",
    b"hub = ''\n", b"hub = 'http://127.0.0.1:9'\n", b"\x00" * 100,
)  # fmt: skip
LINES = (
    "When does the lease end?", "/help", "/sources", "/sources 9" + "9" * 40, "/sources \u0660", "/remember", "/remember x",
    "/clear", "/nosuch", "/exit", "", " ", "\x1b[A", "\u2028", "y", "n", "\x00", "And the rent?", "summarise lease.md",
    "/remember " + "x" * 2000, "\ufffe",
)  # fmt: skip
HUBS = (
    "http://127.0.0.1:9", "http://127.0.0.1:9/", "http://[::1", "http://127.0.0.1:99999", "ftp://x", "nonsense", "http://",
    "file:///x", "https://\udcff",
)  # fmt: skip
