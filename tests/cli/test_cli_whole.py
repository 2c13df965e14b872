"""ask, where it is about whole files."""


def test_a_path_says_which_file_is_meant(run, folder):
    result = run("ask", "List all dates in this file", folder / "lease.md")
    assert result.exit_code == 0
    assert "31 December 2027 — The lease ends on 31 December 2027 [1]." in result.stdout
    assert "Sources" in result.stdout


def test_it_asks_which_file_is_meant(run, library):
    result = run("ask", "Summarise this file")
    assert result.exit_code == 2
    assert "Which file is meant is not clear" in result.stderr


def test_rows_are_counted_and_files_are_not_guessed(run, folder):
    (folder / "table.csv").write_text("a,b\n1,2\n3,4\n", "utf-8")
    run("add", folder)
    counted = run("ask", "How many rows are in table.csv?")
    assert (counted.exit_code, counted.stdout.splitlines()[0]) == (0, "The number of rows: 2.")


def test_a_chat_goes_on_where_it_is_unclear_which_file_is_meant(run, library):
    result = run("chat", stdin="Summarise this file\nList all dates in lease.md\n")
    assert result.exit_code == 0
    assert "Which file is meant" in result.stderr
    assert "31 December 2027" in result.stdout
