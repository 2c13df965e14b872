"""Record the terminal session that the README shows and write it as docs/session.svg.

    .venv/bin/python docs/session.py

Run real commands in a pseudo-terminal, with the starter models, in a temporary home. Only the commands are written by hand. The
picture shows standard output: progress and times, which go to standard error, are left out, and the temporary folder is `~`.
Needs Linux or macOS, and the starter models (`assistant setup --starter`).
"""

from __future__ import annotations

import io
import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "session.svg"
COLUMNS = 104
COMMANDS = (
    ("add", "examples"),
    ("ask", "What is the tightening torque of the water connections of the HP40?"),
    ("ask", "根据采购合同，乙方逾期交货的，每逾期一日按该批货款的多少支付违约金？"),
    ("ask", "What is the wireless network password of Suite 4B?"),
)
CONFIG = 'chat = "qwen2.5-coder-1.5b-instruct"\nembed = "all-minilm-l6-v2"\n'
FONTS = 'ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", "Noto Sans Mono CJK SC", monospace'
CONTROL = re.compile(r"(\n|\r|\x1b\[\d*A|\x1b\[[012]?K)")
OTHER_CONTROL = re.compile(r"\x1b\[\?25[hl]")  # show and hide the cursor


def main() -> None:
    """Run the commands and write the picture."""
    from assistant import load_settings

    models = load_settings().models_folder
    console = Console(record=True, width=COLUMNS, file=io.StringIO())
    with tempfile.TemporaryDirectory() as folder:
        person = Path(folder)
        shutil.copytree(ROOT / "examples", person / "examples")
        environment = environment_in(person, models)
        for command in COMMANDS:
            console.print(Text.assemble(("$ ", "bold green"), ("assistant " + " ".join(map(quoted, command)), "bold")))
            console.print(Text.from_ansi(output_of(command, person, environment).replace(folder, "~")), end="\n\n")
        output_of(("engine", "stop"), person, environment)
    PICTURE.write_text(console.export_svg(title="assistant", code_format=svg_format(), unique_id="session"), "utf-8")


def environment_in(person: Path, models: Path) -> dict[str, str]:
    """Return the environment of the commands: a new home that links to the models of the real one."""
    home = person / ".assistant"
    home.mkdir()
    (home / "models").symlink_to(models)
    (home / "config.toml").write_text(CONFIG, "utf-8")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("ASSISTANT_")}
    return {**inherited, "HOME": str(person), "ASSISTANT_HOME": str(home), "PYTHONPATH": str(ROOT), "TERM": "xterm-256color",
            "COLUMNS": str(COLUMNS), "LINES": "50"}


def quoted(word: str) -> str:
    """Return a word as it is typed in a shell."""
    return f'"{word}"' if " " in word or not word.isascii() else word


def output_of(command: tuple[str, ...], folder: Path, environment: dict[str, str]) -> str:
    """Return what a command prints on a terminal."""
    primary, secondary = pty.openpty()
    process = subprocess.Popen([sys.executable, "-m", "assistant", *command], cwd=folder, env=environment, stdin=secondary,
                               stdout=secondary, stderr=subprocess.DEVNULL)
    os.close(secondary)
    output = bytearray()
    while piece := read_terminal(primary):
        output += piece
    process.wait()
    os.close(primary)
    return final_lines(output.decode("utf-8", "replace"))


def read_terminal(primary: int) -> bytes:
    """Return the next bytes written to the terminal, or none at its end, which Linux reports as an error."""
    try:
        return os.read(primary, 65536)
    except OSError:
        return b""


def final_lines(output: str) -> str:
    """Return the lines that remain when lines have been erased and overwritten. Keep colours."""
    lines, row, overwrite = [""], 0, False
    for part in CONTROL.split(OTHER_CONTROL.sub("", output).replace("\r\n", "\n")):
        if part == "\n":
            row, overwrite = row + 1, False
            lines += [""] * (row + 1 - len(lines))
        elif part == "\r":
            overwrite = True
        elif part.endswith("A") and CONTROL.fullmatch(part):
            row = max(0, row - int(part[2:-1] or 1))
        elif CONTROL.fullmatch(part):
            lines[row] = ""
        elif part:
            lines[row], overwrite = part if overwrite else lines[row] + part, False
    return "\n".join(lines).rstrip("\n")


def svg_format() -> str:
    """Return rich's SVG template without its web fonts: the picture loads nothing."""
    without_fonts = re.sub(r"\s*@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    own_fonts = re.sub(r"font-family: (?:Fira Code|arial)[^;]*;", f"font-family: {FONTS};", without_fonts)
    return own_fonts.replace("<svg ", '<svg xml:space="preserve" ', 1)  # some viewers drop leading no-break spaces without it


if __name__ == "__main__":
    main()
