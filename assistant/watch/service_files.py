"""A command and its home in; the file that lets the system start it at login, for systemd or launchd, out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

LOG = "watch.log"


def systemd_unit(command: Sequence[str], environment: Mapping[str, str], home: Path) -> str:
    """Return a unit of systemd for a person's own services (systemd.service(5)), which works in the program's home."""
    folder = str(home).replace("%", "%%")  # a path of this kind is written without quotes
    variables = "".join(f"Environment={systemd_quoted(f'{name}={value}')}\n" for name, value in environment.items())
    return (
        "[Unit]\nDescription=Private assistant: follows your files\n\n"
        f"[Service]\nType=exec\nExecStart={' '.join(systemd_quoted(word).replace('$', '$$') for word in command)}\n{variables}"
        f"WorkingDirectory=-{folder}\nRestart=on-failure\nRestartSec=30\nNice=10\n\n[Install]\nWantedBy=default.target\n"
    )


def systemd_quoted(text: str) -> str:
    """Return the text as one word of a unit file."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"'


def launchd_agent(label: str, command: Sequence[str], environment: Mapping[str, str], home: Path) -> str:
    """Return a property list for launchd (launchd.plist(5)), which lets the command work, and log, in the program's home."""
    words = "".join(f"    <string>{escape(word)}</string>\n" for word in command)
    variables = "".join(f"    <key>{escape(name)}</key><string>{escape(value)}</string>\n" for name, value in environment.items())
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">\n'
        f'<plist version="1.0">\n<dict>\n  <key>Label</key><string>{escape(label)}</string>\n'
        f"  <key>ProgramArguments</key>\n  <array>\n{words}  </array>\n"
        f"  <key>EnvironmentVariables</key>\n  <dict>\n{variables}  </dict>\n"
        "  <key>RunAtLoad</key><true/>\n  <key>KeepAlive</key><dict><key>SuccessfulExit</key><false/></dict>\n"
        f"  <key>WorkingDirectory</key><string>{escape(str(home))}</string>\n"
        f"  <key>ProcessType</key><string>Background</string>\n"
        f"  <key>StandardErrorPath</key><string>{escape(str(home / LOG))}</string>\n</dict>\n</plist>\n"
    )
