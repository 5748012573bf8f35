"""The bundle, once a kernel, and the small loader that every widget carries.

anywidget sends and saves a widget's JavaScript *per instance*; with Bokeh inside, three charts would make a notebook
of 3 MB. So one `Asset` widget carries the gzipped bundle, and each of our widgets carries a loader of under 2 kB, which
asks the asset for the code, imports it once a page, and hands over to the module that its trait `_kind` names.
"""

from __future__ import annotations

import gzip
import hashlib
import threading
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from rlnb.errors import RlnbError

BUNDLE = Path(__file__).parent / "static" / "rlnb.js"
PLAYER = Path(__file__).parent / "static" / "player.js"  # the episode player alone, for pages without a kernel

# `host.getModel` came with anywidget 0.10; before, the widget manager is asked. Bytes are a DataView in JupyterLab and
# a Uint8Array in Colab. `initialize` is not used: it has two seconds, and unpacking on a slow machine may take longer.
LOADER = """
const modules = (globalThis.__rlnb_modules ??= new Map());
const bytes = (b) => ArrayBuffer.isView(b) ? new Uint8Array(b.buffer, b.byteOffset, b.byteLength) : new Uint8Array(b);
async function load(model, host) {
  const id = model.get("_asset");
  const asset = host?.getModel ? await host.getModel("anywidget:" + id) : await model.widget_manager.get_model(id);
  const sha = asset.get("sha");
  if (!modules.has(sha)) {
    modules.set(sha, (async () => {
      const stream = new Blob([bytes(asset.get("code"))]).stream().pipeThrough(new DecompressionStream("gzip"));
      const url = URL.createObjectURL(new Blob([await new Response(stream).blob()], { type: "text/javascript" }));
      try { return await import(url); } finally { URL.revokeObjectURL(url); }
    })());
    modules.get(sha).catch(() => modules.delete(sha));
  }
  return modules.get(sha);
}
async function render({ model, el, host }) {
  let undo = null, gone = false;
  load(model, host).then(({ widgets }) => {
    if (!gone) undo = widgets[model.get("_kind")].render({ model, el });
  }).catch((error) => {
    el.textContent = "rlnb could not draw here: " + (error?.message ?? error);
  });
  return () => { gone = true; undo?.(); };
}
export default { render };
"""


class Asset(anywidget.AnyWidget):
    """Carries the gzipped bundle; shows nothing. Made once a kernel by `asset`."""

    _esm = "export default {}"
    sha = traitlets.Unicode().tag(sync=True)
    code = traitlets.Bytes().tag(sync=True)


_lock = threading.Lock()
_asset: Asset | None = None


def bundle() -> bytes:
    """The JavaScript that draws all our widgets."""
    return _read(BUNDLE)


def player_bundle() -> bytes:
    """The JavaScript of a page that plays films by itself."""
    return _read(PLAYER)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise RlnbError(
            f"The browser part of rlnb is missing ({path.name}). In a checkout, build it with:  python hatch_build.py"
        ) from None


def asset() -> Asset:
    """The kernel's one asset widget; a new one where the old has been closed (`Widget.close_all()`)."""
    global _asset
    with _lock:
        if _asset is None or _asset.comm is None:
            code = bundle()
            sha = hashlib.sha256(code).hexdigest()[:16]
            _asset = Asset(code=gzip.compress(code, 9, mtime=0), sha=sha)
        return _asset


class Loaded(anywidget.AnyWidget):
    """Base of our widgets: a subclass sets `_kind` to its name in `js/src/index.ts`."""

    _esm = LOADER
    _asset = traitlets.Unicode().tag(sync=True)
    _kind = traitlets.Unicode().tag(sync=True)
    static_style = traitlets.Unicode("").tag(sync=True)  # set where it is shown: hides the static picture beside it

    def __init__(self, **traits: Any) -> None:
        super().__init__(_asset=asset().model_id, **traits)

    def close(self) -> None:
        """Close the widget, and the layout that ipywidgets made for it (which otherwise stays, with a comm)."""
        layout = self.layout
        super().close()
        if layout is not None:
            layout.close()
