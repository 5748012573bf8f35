"""Drives a real JupyterLab (and Notebook 7 on the same server) with a real browser.

    with Lab(tmp_path) as lab, chromium() as browser:
        lab.write("x.ipynb", ["import time", "time.sleep(1); 40 + 2"])
        notebook = NotebookPage(lab, browser.new_page(), "x.ipynb")
        notebook.run_all()
        notebook.wait_idle()
        assert notebook.text(1) == "42"

Everything awaits a condition; nothing sleeps on time. The page's own application object (`--expose-app-in-browser`)
is asked for what the page's elements do not say: the kernel's status, the outputs as they would be saved.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, Locator, Page, sync_playwright

from tests.browser.files import free_port, notebook_of, write_settings

ROOT = Path(__file__).parents[2]
START = 60.0  # seconds that a server may take to answer
PATIENCE = 30_000  # milliseconds that a condition in the page may take
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")
QUIETER = ("--disable-sync", "--no-first-run")
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark", "high contrast": "JupyterLab Dark High Contrast"}
Front = Literal["lab", "notebook"]


def soon() -> float:
    """Half a second, in which a click takes effect; more where other work keeps the processors busy meanwhile."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 1.0
    return 0.5 * max(1.0, load / (os.cpu_count() or 1))


# --- the server ------------------------------------------------------------------------------------------------------


class Lab:
    """A server of its own: own settings, workspaces, trust and port. Notebooks lie in `folder`.

    `python` may be the interpreter of another environment, to look at another ipykernel or ipywidgets. `save_widgets`
    puts the widgets' state into saved notebooks, as Colab does and Lab on request.
    """

    def __init__(self, home: Path, python: str = sys.executable, save_widgets: bool = False) -> None:
        self.home = home
        self._save_widgets = save_widgets
        self.folder = home / "notebooks"
        self.token = secrets.token_hex(16)
        self.port = free_port()
        self._python = python
        self._env: dict[str, str] = {}
        self._server: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Lab:
        self.folder.mkdir(parents=True, exist_ok=True)
        settings = self.home / "settings"
        write_settings(settings, "@jupyterlab/apputils-extension/notification", {"fetchNews": "false"})
        write_settings(settings, "@jupyterlab/docmanager-extension/plugin", {"autosave": False})
        write_settings(settings, "@jupyter-widgets/jupyterlab-manager/plugin", {"saveState": self._save_widgets})
        env = {name: value for name, value in os.environ.items() if not name.startswith("JUPYTER")}
        env |= {
            "JUPYTER_PREFER_ENV_PATH": "1",
            "JUPYTER_CONFIG_DIR": str(self.home / "config"),
            "JUPYTER_DATA_DIR": str(self.home / "data"),
            "JUPYTER_RUNTIME_DIR": str(self.home / "runtime"),
            "JUPYTERLAB_SETTINGS_DIR": str(settings),
            "JUPYTERLAB_WORKSPACES_DIR": str(self.home / "workspaces"),
            "IPYTHONDIR": str(self.home / "ipython"),
            "RLNB_HOME": str(self.home / "rlnb"),
            "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
            "PATH": os.pathsep.join([str(Path(self._python).parent), os.environ.get("PATH", "")]),
        }
        self._env = env
        for left in (2, 1, 0):
            try:
                self._start()
                return self
            except RuntimeError as error:
                if not left or "is not available" not in str(error):  # somebody was quicker to take the port
                    raise
                self.port = free_port()
        return self

    def _start(self) -> None:
        command = [
            *(self._python, "-m", "jupyterlab", "--no-browser", "--expose-app-in-browser"),
            *("--ServerApp.ip=127.0.0.1", f"--ServerApp.port={self.port}", "--ServerApp.port_retries=0"),
            *(f"--IdentityProvider.token={self.token}", f"--ServerApp.root_dir={self.folder}"),
            *("--JupyterNotebookApp.expose_app_in_browser=True", "--ServerApp.allow_root=True"),
        ]
        with open(self.home / "server.log", "wb") as log:
            self._server = subprocess.Popen(
                command, cwd=self.folder, env=self._env, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self._await_answer()

    def __exit__(self, *_: object) -> None:
        if self._server is None:
            return
        self.end_kernels()
        self._server.terminate()
        try:
            self._server.wait(15)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()
        self._server = None

    def url(self, path: str, **query: str) -> str:
        """An address on this server, with its token."""
        words = "&".join(f"{name}={value}" if value else name for name, value in {**query, "token": self.token}.items())
        return f"http://127.0.0.1:{self.port}/{path}?{words}"

    def write(self, name: str, cells: list[str]) -> Path:
        """A notebook of code cells."""
        path = self.folder / name
        path.write_text(json.dumps(notebook_of(cells)), encoding="utf-8")
        return path

    def read(self, name: str) -> dict[str, Any]:
        """A notebook as it is on the disk."""
        content: dict[str, Any] = json.loads((self.folder / name).read_text(encoding="utf-8"))
        return content

    def trust(self, name: str) -> None:
        """Sign a notebook that this server has not run, as `jupyter trust` does."""
        command = [self._python, "-m", "jupyter", "trust", str(self.folder / name)]
        subprocess.run(command, env=self._env, check=True, capture_output=True, timeout=60)

    def forget_theme(self) -> None:
        """The theme that a scenario chose is not the next one's."""
        (self.home / "settings/@jupyterlab/apputils-extension/themes.jupyterlab-settings").unlink(missing_ok=True)

    def end_kernels(self) -> None:
        """Shut every session down, so that the next scenario starts with nothing."""
        for session in json.loads(self._ask("api/sessions")):
            self._ask(f"api/sessions/{session['id']}", "DELETE")

    def _ask(self, path: str, method: str = "GET") -> bytes:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/{path}", method=method)
        request.add_header("Authorization", f"token {self.token}")
        with urllib.request.urlopen(request, timeout=20) as answer:
            content: bytes = answer.read()
        return content

    def _await_answer(self) -> None:
        assert self._server is not None
        until = time.monotonic() + START
        while time.monotonic() < until and self._server.poll() is None:
            try:
                self._ask("api/status")
                return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError("JupyterLab did not start:\n" + (self.home / "server.log").read_text()[-3000:])


# --- the browser -----------------------------------------------------------------------------------------------------


def find_chromium() -> str | None:
    """$CHROMIUM, a chromium or Chrome of the system, else None: playwright's own (which has no H.264)."""
    named = os.environ.get("CHROMIUM")
    if named:
        return named
    candidates = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next((found for found in map(shutil.which, candidates) if found), None)


@contextmanager
def chromium(headless: bool = True) -> Iterator[Browser]:
    """A browser with nothing of anybody's in it."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_chromium(), headless=headless, args=[*QUIET, *QUIETER], chromium_sandbox=False
        )
        try:
            yield browser
        finally:
            browser.close()


# --- a notebook in a page --------------------------------------------------------------------------------------------

_PANEL = "window.jupyterapp.shell.currentWidget"
_STATUS = f"{_PANEL}?.sessionContext?.session?.kernel?.status"


class NotebookPage:
    """One notebook, open in JupyterLab ("lab") or Notebook 7 ("notebook")."""

    def __init__(self, lab: Lab, page: Page, name: str, front: Front = "lab", kernel: bool = True) -> None:
        self.lab = lab
        self.page = page
        self.name = name
        self.front = front
        page.set_default_timeout(PATIENCE)
        self.open(kernel)

    def open(self, kernel: bool = True) -> None:
        """Load the page anew, as a reload does; waits for the kernel unless told not to."""
        path = f"lab/tree/{self.name}" if self.front == "lab" else f"notebooks/{self.name}"
        self.page.goto(self.lab.url(path, **({"reset": ""} if self.front == "lab" else {})))
        self.page.wait_for_function(f"window.jupyterapp && {_PANEL}?.content?.widgets?.length > 0")
        self.page.wait_for_selector(".jp-Notebook .jp-CodeCell")
        if kernel:
            self.page.wait_for_function(f"['idle', 'busy'].includes({_STATUS})")

    # --- doing ------------------------------------------------------------------------------------------------------

    def run(self, *indices: int) -> None:
        """Queue cells, as Shift-Enter does; returns at once."""
        for index in indices:
            self.page.evaluate(
                f"index => {{ {_PANEL}.content.activeCellIndex = index;"
                " window.jupyterapp.commands.execute('notebook:run-cell'); }",
                index,
            )

    def run_all(self) -> None:
        """*Run All*; returns at once."""
        self.command("notebook:run-all-cells")

    def command(self, name: str, wait: bool = False, **arguments: Any) -> None:
        """A command of the application, by its id."""
        self.page.evaluate(
            "([name, args, wait]) => { const done = window.jupyterapp.commands.execute(name, args);"
            " return wait ? done.then(() => null) : null; }",
            [name, arguments, wait],
        )

    def interrupt(self) -> None:
        """The notebook's own stop button."""
        self.command("notebook:interrupt-kernel")

    def restart(self) -> None:
        """A fresh kernel; what is shown stays."""
        self.page.evaluate(f"{_PANEL}.sessionContext.session.kernel.restart()")
        self.wait_idle()

    def save(self) -> dict[str, Any]:
        """Save, and give what is on the disk then."""
        self.command("docmanager:save", wait=True)
        return self.lab.read(self.name)

    def theme(self, name: str) -> None:
        """ "light", "dark" or "high contrast"."""
        self.command("apputils:change-theme", wait=True, theme=THEMES[name])
        light = "true" if name == "light" else "false"
        body = f"body[data-jp-theme-name='{THEMES[name]}'][data-jp-theme-light={light}]"
        self.page.wait_for_selector(body, state="attached")
        self.page.wait_for_selector("#jupyterlab-splash", state="detached")

    def screenshot(self, path: Path) -> Path:
        self.page.screenshot(path=str(path))
        return path

    # --- waiting ----------------------------------------------------------------------------------------------------

    def wait_busy(self) -> None:
        """Until a cell runs."""
        self.page.wait_for_function(f"{_STATUS} === 'busy' && {_RUNNING} > 0")

    def wait_idle(self, timeout: float | None = None) -> None:
        """Until no cell runs or waits (`timeout` in ms)."""
        self.page.wait_for_function(f"{_STATUS} === 'idle' && {_RUNNING} === 0", timeout=timeout)

    def wait_text(self, index: int, pattern: str) -> None:
        """Until a cell has printed what this regular expression finds."""
        self.page.wait_for_function(
            f"([index, pattern]) => {_PANEL}.content.widgets[index].model.toJSON().outputs"
            ".map(output => [output.text ?? output.data?.['text/plain'] ?? ''].flat().join(''))"
            ".some(text => new RegExp(pattern).test(text))",
            arg=[index, pattern],
        )

    # --- reading ----------------------------------------------------------------------------------------------------

    @property
    def running(self) -> int:
        """How many cells run or wait."""
        return int(self.page.evaluate(_RUNNING))

    def cell(self, index: int) -> Locator:
        """A cell's element."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(index)

    def visible_outputs(self, index: int) -> Locator:
        """The elements of a cell's outputs that take up room."""
        return self.cell(index).locator(".jp-OutputArea-child:visible")

    def outputs(self, index: int) -> list[dict[str, Any]]:
        """A cell's outputs as they would be saved."""
        found: list[dict[str, Any]] = self.page.evaluate(
            f"index => {_PANEL}.content.widgets[index].model.toJSON().outputs", index
        )
        return found

    def text(self, index: int) -> str:
        """What a cell printed, its result and its traceback, as text."""
        said: list[str] = []
        for output in self.outputs(index):
            lines = output.get("text") or output.get("data", {}).get("text/plain") or output.get("traceback") or ""
            said.append("".join(lines))
        return "".join(said)

    def failed(self, index: int) -> bool:
        """Whether a cell shows a traceback."""
        return any(output["output_type"] == "error" for output in self.outputs(index))


_RUNNING = (
    "Array.from(document.querySelectorAll('.jp-Notebook .jp-InputPrompt'))"
    ".filter(prompt => prompt.textContent.includes('*')).length"
)
