"""One HTML page from a notebook, that needs no kernel and no network: `write_page("lesson.ipynb", "lesson.html")`.

nbconvert's own export loads require.js, MathJax, Mermaid and the widget manager from the web, and where a notebook has
widgets it draws those and drops the picture beside them. Here every widget gives way to its static part (picture,
table, data-URL video), nothing of the web is asked for, and the page is looked through before it is written.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rlnb.control.writing import write_whole
from rlnb.errors import BadValue, MissingPackage, RlnbError

if TYPE_CHECKING:
    from nbformat import NotebookNode

WIDGET = "application/vnd.jupyter.widget-view+json"
WIDGET_STATE = "application/vnd.jupyter.widget-state+json"
CELL_SECONDS = 1800  # the longest that one cell may run
TEMPLATE = """{%- extends 'lab/index.html.j2' -%}
{%- block html_head_js_requirejs -%}{%- endblock -%}
{%- block jupyter_widgets -%}{%- endblock -%}
{%- block html_head_js_mathjax -%}{%- endblock -%}
{%- block html_head_js_mermaidjs -%}{%- endblock -%}
"""
STYLE = """
<style>
  body.jp-Notebook { max-width: 60rem; margin: 0 auto; padding: 1rem; overflow: visible; }
  .jp-OutputArea-output img, .jp-OutputArea-output video { max-width: 100%; height: auto; }
  .jp-OutputArea-output td img, .jp-OutputArea-output td video { max-width: 25rem; }
</style>
"""
# What a browser fetches by itself when it meets the attribute.
FETCHED = {"src", "srcset", "poster", "data", "background", "xlink:href", "action"}
REMOTE = re.compile(r"\s*(https?:)?//", re.IGNORECASE)
REMOTE_STYLE = re.compile(r"(?:url\(\s*[\"']?|@import\s+[\"'])\s*((?:https?:)?//[^\s\"')]+)", re.IGNORECASE)
REMOTE_IMPORT = re.compile(r"(?:\bfrom|\bimport|\bimport\()\s*[\"']((?:https?:)?//[^\s\"']+)", re.IGNORECASE)


class PageError(RlnbError):
    """The notebook could not be made into a page that works offline."""


def write_page(
    notebook_path: str | os.PathLike[str],
    html_path: str | os.PathLike[str],
    execute: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Run a notebook from top to bottom (unless `execute` is false) and write it as one offline page; returns its path.

    The notebook file itself is not changed. `progress(cells begun, cells)` is called before each code cell. Replays
    carry their video as a data URL, which the environment variable RLNB_PAGE=1 asks of the session layer. Formulas
    between dollar signs stay as they are typed: there is no MathJax in the page.

    Raises PageError when a cell fails or when the page would load something from the web; nothing is written then.
    """
    try:
        import nbformat
        from nbconvert import HTMLExporter  # noqa: F401
    except ImportError as error:
        raise MissingPackage("Writing a page", error.name or "nbconvert", "rlnb[page]") from error
    source = Path(notebook_path).expanduser()
    try:
        notebook = nbformat.read(source, as_version=4)
    except OSError as error:
        raise BadValue(f"{str(source)!r} cannot be read: {error.strerror or error}.") from error
    except Exception as error:
        raise BadValue(f"{str(source)!r} is no Jupyter notebook: {error}") from error
    if execute:
        run(notebook, source, progress)
    page = to_html(settle(notebook), source.stem)
    found = remote_urls(page)
    if found:
        raise PageError(
            f"The page of {source.name} would load {len(found)} thing(s) from the web, and shall work without: "
            + ", ".join(found[:5])
        )
    target = Path(html_path).expanduser()
    target.parent.mkdir(parents=True, exist_ok=True)
    return write_whole(target, page.encode())


def run(notebook: NotebookNode, source: Path, progress: Callable[[int, int], None] | None = None) -> None:
    """Execute the notebook in its folder with the kernel it names; its outputs are put into it."""
    try:
        from nbclient import NotebookClient
        from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
    except ImportError as error:
        raise MissingPackage("Running a notebook", error.name or "nbclient", "rlnb[page]") from error

    codes = [i for i, cell in enumerate(notebook.cells) if cell.cell_type == "code" and cell.source.strip()]

    def begun(cell: Any, cell_index: int) -> None:
        if progress is not None and cell_index in codes:
            progress(codes.index(cell_index) + 1, len(codes))

    client = NotebookClient(
        notebook,
        timeout=CELL_SECONDS,
        resources={"metadata": {"path": str(source.resolve().parent)}},
        on_cell_start=begun,
    )
    if notebook.metadata.get("kernelspec", {}).get("name", "python3").startswith("python"):
        client.extra_arguments = ["--log-level=ERROR"]  # a warning of the kernel's own is no news of the notebook's
    env = {**os.environ, "RLNB_PAGE": "1", "JUPYTER_PREFER_ENV_PATH": "1"}
    try:
        client.execute(env=env)
    except CellExecutionError as error:
        said = re.sub(r"\x1b\[[0-9;]*m", "", str(error)).strip()
        raise PageError(f"A cell of {source.name} failed, so no page was written.\n{said}") from None
    except CellTimeoutError as error:
        raise PageError(f"A cell of {source.name} ran for more than {CELL_SECONDS} seconds.\n{error}") from error
    except DeadKernelError as error:
        raise PageError(f"The kernel died while it ran {source.name}: {error}") from error


def settle(notebook: NotebookNode) -> NotebookNode:
    """Put the static part of every output in the place of its widget; changes the notebook and returns it."""
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        others = any(WIDGET not in output.get("data", {}) for output in cell.outputs)
        kept = []
        for output in cell.outputs:
            data = output.get("data")
            if data is not None:
                was_widget = data.pop(WIDGET, None) is not None
                data.pop(WIDGET_STATE, None)
                rich = any(mime.startswith("image/") or mime == "text/html" for mime in data)
                if was_widget and not rich and (others or not data):
                    continue  # the text says only what the widget was
                whole(data)
            kept.append(output)
        cell.outputs = kept
    return notebook


def whole(data: dict[str, Any]) -> None:
    """A bundle with a picture *and* HTML shows both: nbconvert by itself would drop the picture.

    HTML that has a picture or a video of its own is left alone.
    """
    picture, html = data.get("image/png"), data.get("text/html")
    if not picture or not html or re.search(r"<(img|video|svg|canvas)\b", html, re.IGNORECASE):
        return
    if isinstance(picture, bytes):
        picture = base64.b64encode(picture).decode()
    one_line = "".join(picture.split())
    words = str(data.get("text/plain", "")).splitlines()
    alt = words[0].replace("&", "").replace('"', "").replace("<", "") if words else "chart"
    data["text/html"] = f'<img alt="{alt}" src="data:image/png;base64,{one_line}">\n{html}'


def to_html(notebook: NotebookNode, title: str) -> str:
    """nbconvert's JupyterLab page without anything that it would load, and without the comments of its style sheets."""
    from jinja2 import DictLoader
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(
        extra_loaders=[DictLoader({"rlnb_page.html.j2": TEMPLATE})],
        template_file="rlnb_page.html.j2",
    )
    notebook.metadata.setdefault("title", heading(notebook) or title)
    page, _ = exporter.from_notebook_node(notebook, resources={"metadata": {"name": title}})
    page = re.sub(
        r"(<style[^>]*>)(.*?)(</style>)",
        lambda found: found[1] + re.sub(r"/\*.*?\*/", "", found[2], flags=re.DOTALL) + found[3],
        page,
        flags=re.DOTALL,
    )
    return str(page.replace("</head>", STYLE + "</head>", 1))


def heading(notebook: NotebookNode) -> str | None:
    """The first first-level heading of the notebook's text."""
    for cell in notebook.cells:
        found = re.search(r"^# +(.+)$", cell.source, re.MULTILINE) if cell.cell_type == "markdown" else None
        if found:
            return found[1].strip()
    return None


def remote_urls(page: str) -> list[str]:
    """Every address that a browser would fetch from the web to show the page; a link that waits for a click is none."""
    looked = _Look()
    looked.feed(page)
    looked.close()
    return list(dict.fromkeys(looked.found))


class _Look(HTMLParser):
    """Collects the remote addresses of a page: attributes, style sheets and module imports."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._inside: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag if tag in ("style", "script") else None
        for name, value in attrs:
            if value is None:
                continue
            fetched = name in FETCHED or (name == "href" and tag in ("link", "image", "use", "base"))
            addresses = value.split(",") if name == "srcset" else [value]
            if fetched:
                self.found += [address.strip() for address in addresses if REMOTE.match(address)]
            if name == "style":
                self.found += REMOTE_STYLE.findall(value)
            if name == "srcdoc":
                self.found += remote_urls(value)

    def handle_endtag(self, tag: str) -> None:
        self._inside = None

    def handle_data(self, data: str) -> None:
        if self._inside == "style":
            self.found += REMOTE_STYLE.findall(data)
        elif self._inside == "script":
            self.found += REMOTE_IMPORT.findall(data)
