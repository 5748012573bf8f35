"""A comparison of 100 sessions of a million steps: `python tests/benchmarks/compare_many.py [--small]`

The sessions (ten settings, ten seeds each; episodes of 200 steps; `--small`: ten sessions) go through the store's own
writer. Measured, medians of 5 (`--small`: 3): in a process that has rlnb loaded, from `rlnb.compare(...)` to the widget
and the static output; in Chromium, from those bytes to table and chart on screen, sorting by a column, and hiding a
setting. Peer for the first: reading the same episodes from as many CSV files of Stable-Baselines3's Monitor with
pandas, and nothing more.
"""

from __future__ import annotations

import argparse
import base64
import functools
import http.server
import importlib.util
import json
import statistics
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
from playwright.sync_api import sync_playwright

import rlnb
from rlnb.events import SessionStarted
from rlnb.store import Store
from tests.benchmarks.store_throughput import cartpole, flushes

STEPS, LENGTH, SEEDS = 1_000_000, 200, 10
GALLERY = Path(__file__).parents[2] / "js" / "tests" / "gallery"
DRAW = """async ([table, curves]) => {
  const { widgets } = await import("/rlnb.js");
  const bytes = Uint8Array.from(atob(curves), (c) => c.charCodeAt(0));
  const values = { _kind: "comparison", table, curves: new DataView(bytes.buffer) };
  const model = { get: (n) => values[n], on() {}, off() {}, send() {}, set() {}, save_changes() {} };
  const el = document.createElement("div");
  document.body.replaceChildren(el);
  const begun = performance.now();
  widgets.comparison.render({ model, el });
  await new Promise((done) => {
    const end = performance.now() + 20_000;
    const look = () => {
      if (el.querySelector(".rlnb-plot > *") || performance.now() > end) requestAnimationFrame(() => setTimeout(done));
      else setTimeout(look);
    };
    look();
  });
  const shown = performance.now() - begun;
  const timed = async (act) => {
    const begun = performance.now();
    act();
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    return performance.now() - begun;
  };
  const sort = await timed(() => el.querySelector("th[data-key=steps] button").click());
  const hide = await timed(() => el.querySelector("tbody input").click());
  return [shown, sort, hide];
}"""


def fill(folder: Path, sessions: int) -> None:
    """Write the sessions."""
    store = Store(folder / "sessions.sqlite")
    made = flushes(LENGTH)
    for i in range(sessions):
        for event in cartpole(f"{i:08x}", STEPS, made, f"session {i}"):
            own: Any = event
            if isinstance(event, SessionStarted):
                own = replace(event, params={"lr": 10.0 ** -(i // SEEDS)}, seed=i % SEEDS)
            store.put(own)
    store.flush()
    store.close()


def peer(folder: Path, sessions: int) -> float:
    """Seconds to read as many of Monitor's files."""
    rows = "\n".join(f"{LENGTH}.0,{LENGTH},{i * 2e-3:.6f}" for i in range(STEPS // LENGTH))
    for i in range(sessions):
        (folder / f"{i:04}.monitor.csv").write_text(f'#{{"t_start": 1.7e9}}\nr,l,t\n{rows}\n')
    begun = time.perf_counter()
    for path in sorted(folder.glob("*.monitor.csv")):
        pd.read_csv(path, skiprows=1)
    return time.perf_counter() - begun


def main(sessions: int = 100, repetitions: int = 5) -> None:
    """Print the table."""
    spec = importlib.util.spec_from_file_location("shoot", GALLERY / "shoot.py")
    assert spec is not None
    assert spec.loader is not None
    shoot = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(shoot)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fill(folder, sessions)
        rlnb.use(folder)
        ids = rlnb.sessions()["id"].tolist()
        python, reading = [], []
        for _ in range(repetitions):
            begun = time.perf_counter()
            comparison = rlnb.compare(ids, by="lr")
            widget, static = comparison.widget, comparison._static()
            python.append(time.perf_counter() - begun)
            reading.append(peer(folder, sessions))
        rlnb.uninstall()
    saved = len(widget.table) + len(base64.b64encode(widget.curves)) + len(static["text/html"])
    saved += len(base64.b64encode(static["image/png"])) + len(json.dumps(static["text/plain"]))
    handler = functools.partial(shoot.Handler, directory=str(GALLERY))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with sync_playwright() as playwright:
        browser = shoot.launch(playwright)
        page = browser.new_page(viewport={"width": 1100, "height": 900})
        page.on("pageerror", lambda error: print("page:", error))
        page.goto(f"http://127.0.0.1:{server.server_port}/?scene=empty")
        data = [widget.table, base64.b64encode(widget.curves).decode()]
        drawn = [page.evaluate(DRAW, data) for _ in range(repetitions + 1)][1:]
        browser.close()
    server.shutdown()
    shown, sort, hide = (statistics.median(column) for column in zip(*drawn, strict=True))
    own = statistics.median(python)
    print(f"{sessions} sessions of {STEPS:,} steps, {len(comparison.settings)} settings, median of {repetitions}\n")
    print("| | | goal |\n|---|---|---|")
    print(f"| `rlnb.compare` to widget and static output | {own:.2f} s | |")
    print(f"| reading Monitor's CSV files of the same episodes | {statistics.median(reading):.2f} s | |")
    print(f"| from the bytes to table and chart in Chromium | {shown:.0f} ms | |")
    print(f"| both | {own + shown / 1000:.2f} s | 1.5 s |")
    print(f"| sorting; hiding a setting | {sort:.0f} ms; {hide:.0f} ms | 50 ms |")
    print(f"| saved output beside the bundle | {saved / 1000:.0f} KB | 300 KB |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true")
    main(*((10, 3) if parser.parse_args().small else ()))
