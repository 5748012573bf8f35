"""The command `rlnb`: a page from a notebook, the sessions of a store, a session as JSON, and the quickstart."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from rlnb.errors import MissingPackage, RlnbError

QUICKSTART = "00_quickstart.ipynb"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 0 when it worked, 1 when it said what was wrong."""
    asked = parser().parse_args(arguments)
    try:
        return int(asked.do(asked))
    except RlnbError as error:
        print(f"rlnb: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def parser() -> argparse.ArgumentParser:
    """The words that the command takes."""
    from rlnb import __version__

    top = argparse.ArgumentParser(prog="rlnb", description="Makes a reinforcement-learning notebook see.")
    top.add_argument("--version", action="version", version=f"rlnb {__version__}")
    commands = top.add_subparsers(title="commands", required=True, metavar="COMMAND")

    one = commands.add_parser("page", help="run a notebook and write one HTML page that works offline")
    one.add_argument("notebook", type=Path)
    one.add_argument("-o", "--output", type=Path, help="the page (default: the notebook's name with .html)")
    one.add_argument("--as-it-is", action="store_true", help="keep the outputs that are there, run nothing")
    one.set_defaults(do=page)

    one = commands.add_parser("sessions", help="list the recorded sessions")
    one.add_argument("query", nargs="?", help="a pandas query, as in \"env_id == 'CartPole-v1'\"")
    one.add_argument("--store", type=Path, help="the folder or file that holds them (default: .rlnb, or RLNB_HOME)")
    one.add_argument("--scratch", action="store_true", help="list those too that only looked around")
    one.set_defaults(do=sessions)

    one = commands.add_parser("export", help="write a session as JSON")
    one.add_argument("session", help="its name or id; the newest of that name")
    one.add_argument("-o", "--output", type=Path, help="the file (default: the session's name with .json)")
    one.add_argument("--store", type=Path, help="the folder or file that holds it (default: .rlnb, or RLNB_HOME)")
    one.set_defaults(do=export)

    one = commands.add_parser("demo", help="open JupyterLab on the quickstart")
    one.add_argument("--headless", type=Path, metavar="PAGE", help="run it without a browser and write this page")
    one.set_defaults(do=demo)
    return top


def page(asked: argparse.Namespace) -> int:
    """`rlnb page lesson.ipynb -o lesson.html`"""
    return _write(asked.notebook, asked.output or asked.notebook.with_suffix(".html"), execute=not asked.as_it_is)


def _write(notebook: Path, target: Path, execute: bool = True) -> int:
    from rlnb.page import write_page

    def say(begun: int, cells: int) -> None:
        print(f"{notebook.name}: cell {begun} of {cells}", file=sys.stderr, flush=True)

    written = write_page(notebook, target, execute=execute, progress=say)
    print(f"{written} ({written.stat().st_size:,} bytes)")
    return 0


def sessions(asked: argparse.Namespace) -> int:
    """`rlnb sessions "steps > 1000"`"""
    import rlnb

    if asked.store is not None:
        rlnb.use(asked.store)
    table = rlnb.sessions(asked.query, scratch=asked.scratch)
    if table.empty:
        print("No session is recorded here.")
        return 0
    wanted = ("id", "name", "env_id", "status", "steps", "episodes", "mean_return", "best", "bytes")
    print(table[[column for column in wanted if column in table.columns]].to_string(index=False))
    return 0


def export(asked: argparse.Namespace) -> int:
    """`rlnb export dqn-wide -o dqn-wide.json`"""
    import rlnb

    if asked.store is not None:
        rlnb.use(asked.store)
    chosen = rlnb.get(asked.session)
    plain = "".join(c if c.isalnum() or c in "-_. " else "-" for c in chosen.name).strip() or chosen.id
    print(chosen.save_json(asked.output or f"{plain}.json"))
    return 0


def quickstart() -> Path:
    """The quickstart of this checkout, or a copy in the present folder of the one that was installed."""
    here = Path(__file__).resolve().parent
    checkout = here.parent / "notebooks" / QUICKSTART
    if checkout.is_file() and (here.parent / "pyproject.toml").is_file():
        return checkout
    copy = Path.cwd() / QUICKSTART
    if not copy.exists():
        shutil.copyfile(here / "notebooks" / QUICKSTART, copy)
    return copy


def demo(asked: argparse.Namespace) -> int:
    """`rlnb demo` opens JupyterLab; `rlnb demo --headless page.html` runs the notebook and writes the page."""
    from importlib.util import find_spec

    notebook = quickstart()
    if asked.headless is not None:
        return _write(notebook, asked.headless)
    if find_spec("jupyterlab") is None:
        raise MissingPackage("The demo", "jupyterlab", "rlnb[lab]")
    command = [sys.executable, "-m", "jupyterlab", str(notebook)]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    print(f"JupyterLab opens on {notebook.name}; its address is printed below. Ctrl+C ends it.", flush=True)
    env = {**os.environ, "JUPYTER_PREFER_ENV_PATH": "1"}
    return subprocess.run(command, env=env, check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main())
