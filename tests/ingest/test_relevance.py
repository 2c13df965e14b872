import os

import pytest

from assistant.ingest import rescan_target

LOOK = rescan_target(["/home/me/files", "/home/me/.notes", "/mnt/one.md"], "/home/me/files/state")


@pytest.mark.skipif(os.sep != "/", reason="paths of POSIX")
@pytest.mark.parametrize(("changed", "looked_at"), [
    ("/home/me/files/a.md", "/home/me/files/a.md"),
    ("/home/me/files/sub/b", "/home/me/files/sub/b"),
    ("/home/me/files", "/home/me/files"),
    ("/home/me", "/home/me"),
    ("/home/me/files/.git/index", ""),
    ("/home/me/files/sub/.b.md.swp", ""),
    ("/home/me/files/node_modules/x/y.js", ""),
    ("/home/me/files/sub/.gitignore", "/home/me/files/sub"),
    ("/home/me/files/env/pyvenv.cfg", "/home/me/files/env"),
    ("/home/me/files/state/libraries/default/library.sqlite-wal", ""),
    ("/home/me/filesystem/a.md", ""),
    ("/home/me/.notes/a.md", "/home/me/.notes/a.md"),
    ("/mnt/one.md", "/mnt/one.md"),
    ("/mnt/two.md", ""),
    (os.fsdecode(b"/home/me/files/sub/caf\xe9.md"), "/home/me/files/sub"),
])
def test_what_is_looked_at_for_a_change(changed, looked_at):
    assert LOOK(changed) == looked_at
