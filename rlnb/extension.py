"""`%load_ext rlnb`, `%rlnb` and `%%rlnb`: the doors of a notebook."""

from __future__ import annotations

import ast
import shlex
from typing import Any

from rlnb.errors import BadValue

HELP = """%rlnb                 what is being recorded
%rlnb off | on        stop or go on recording
%rlnb sessions        the sessions of this store
%rlnb name <text>     name the newest session
%%rlnb <name> a=1 b=2 name and parameters of the session that this cell makes"""

_magics: dict[str, Any] = {}


def load(shell: Any) -> None:
    """Begin to record, and put the magics in."""
    from rlnb.control import doors

    doors.install()
    table = shell.magics_manager.magics
    if not _magics:
        _magics["line"], _magics["cell"] = table["line"].get("rlnb"), table["cell"].get("rlnb")
    shell.register_magic_function(_line, "line", "rlnb")
    shell.register_magic_function(lambda line, cell: _cell(shell, line, cell), "cell", "rlnb")


def unload(shell: Any) -> None:
    """Give everything back."""
    from rlnb.control import doors

    doors.uninstall()
    for kind in ("line", "cell"):
        table = shell.magics_manager.magics[kind]
        before = _magics.pop(kind, None)
        if before is None:
            table.pop("rlnb", None)
        else:
            table["rlnb"] = before


def _line(line: str) -> Any:
    """%rlnb"""
    from rlnb.control import doors, shelf

    room = doors.the_room()
    word, _, rest = line.strip().partition(" ")
    if word == "":
        print(room.status_line())
    elif word in ("on", "off"):
        room.record(word == "on")
        print(room.status_line())
    elif word == "sessions":
        return shelf.sessions()
    elif word == "name" and rest.strip():
        (shelf.last() if room.current is None else shelf.get(room.current.id)).rename(rest.strip())
    else:
        raise BadValue(f"%rlnb {line.strip()}: not known. What there is:\n{HELP}")
    return None


def _cell(shell: Any, line: str, cell: str) -> None:
    """%%rlnb"""
    from rlnb.control import doors

    doors.the_room().desk.given = parse(line)
    shell.run_cell(cell, store_history=False)


def parse(line: str) -> dict[str, Any]:
    """`dqn-wide lr=1e-3` as {"name": "dqn-wide", "params": {"lr": 0.001}}; quotes hold words together."""
    words: list[str] = []
    params: dict[str, Any] = {}
    for word in shlex.split(line):
        name, equals, value = word.partition("=")
        if equals and name.isidentifier():
            try:
                params[name] = ast.literal_eval(value)
            except (ValueError, SyntaxError):
                params[name] = value
        elif equals:
            raise BadValue(f"%%rlnb {word!r}: a parameter is written name=value, as in lr=1e-3.")
        else:
            words.append(word)
    said: dict[str, Any] = {}
    if words:
        said["name"] = " ".join(words)
    if params:
        said["params"] = params
    return said
