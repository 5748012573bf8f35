"""What a tick of the live view costs the browser: `python tests/benchmarks/frame_time.py [ticks]`

Chromium streams one row a tick into three series (return, length, loss), after 420 and after 60,000 episodes. Peer, in
the same run: figures of Bokeh with a scatter and a line each, the same rows, `source.stream`. A frame takes what its
animation callbacks take; the handling of the message counts to the first frame.
"""

from __future__ import annotations

import functools
import http.server
import importlib.util
import statistics
import sys
import threading
from pathlib import Path

import bokeh
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[2]
GALLERY = ROOT / "js" / "tests" / "gallery"
BOKEH = Path(bokeh.__file__).parent / "server" / "static" / "js"

MEASURE = """async (ticks) => {
  const raf = window.requestAnimationFrame.bind(window);
  let busy = 0;
  window.requestAnimationFrame = (act) => raf((t) => {
    const begun = performance.now();
    try { act(t); } finally { busy += performance.now() - begun; }
  });
  const next = () => new Promise((done) => raf(done));
  const frames = [];
  for (let k = 1; k <= ticks; k++) {
    busy = 0;
    const begun = performance.now();
    tick(k);
    busy += performance.now() - begun;
    const own = [];
    for (let i = 0; i < 5; i++) { await next(); own.push(busy); busy = 0; }
    frames.push({ worst: Math.max(...own), all: own.reduce((a, b) => a + b) });
  }
  window.requestAnimationFrame = raf;
  return frames;
}"""

RLNB = """(base) => {
  window.tick = (k) => {
    const series = [], columns = {}, at = base + k;
    for (const [panel, kind] of [["return", "points"], ["length", "points"], ["loss", "line"]]) {
      const i = series.length;
      series.push({ panel, series: panel, group: 0, kind });
      columns[`${i}.episode`] = ["f8", [at]];
      columns[`${i}.step`] = ["f8", [at * 150]];
      columns[`${i}.time`] = ["f8", [at / 25]];
      columns[`${i}.value`] = ["f8", [100 + 40 * Math.sin(k)]];
      columns[`${i}.cut`] = ["u1", [0]];
    }
    model.emit({ type: "tick", seq: k }, [frame({ header: { ...head, episodes: at }, series }, columns)]);
  };
}"""

PEER = """async (base) => {
  const sources = [];
  for (const name of ["return", "length", "loss"]) {
    const x = Array.from({ length: base }, (_, i) => i);
    const y = x.map((i) => 100 + 40 * Math.sin(i));
    const source = new Bokeh.ColumnDataSource({ data: { x, y } });
    const figure = Bokeh.Plotting.figure({ title: name, width: 520, height: 220, toolbar_location: null });
    figure.scatter({ x: { field: "x" }, y: { field: "y" }, source, size: 4, fill_alpha: 0.2 });
    figure.line({ x: { field: "x" }, y: { field: "y" }, source, line_width: 2 });
    await Bokeh.Plotting.show(figure, document.body);
    sources.push(source);
  }
  window.tick = (k) => {
    for (const source of sources) source.stream({ x: [base + k], y: [100 + 40 * Math.sin(k)] });
  };
}"""


ROUNDS = 6  # the pages take turns, so that other work on the machine falls on all of them alike
TAKE = f"""([done, ticks]) => {{
  window.one ??= window.tick;
  window.tick = (k) => window.one(k + done);
  return ({MEASURE})(ticks);
}}"""


def opened(browser: Browser, address: str, scene: str | None, base: int) -> Page:
    """A page with a view of the gallery, or (no scene) with Bokeh's own figures."""
    page = browser.new_page(viewport={"width": 1100, "height": 900})
    page.goto("about:blank" if scene is None else f"{address}/?scene={scene}")
    if scene is None:
        for name in ("bokeh.min.js", "bokeh-api.min.js"):
            page.add_script_tag(path=BOKEH / name)
    else:
        page.locator(".rlnb-plot canvas").first.wait_for()
    page.evaluate(PEER if scene is None else RLNB, base)
    return page


def main(ticks: int = 60) -> None:
    spec = importlib.util.spec_from_file_location("shoot", GALLERY / "shoot.py")
    assert spec is not None
    assert spec.loader is not None
    shoot = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(shoot)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(shoot.Handler, directory=str(GALLERY)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address, each = f"http://127.0.0.1:{server.server_port}", max(1, ticks // ROUNDS)
    with sync_playwright() as playwright:
        browser = shoot.launch(playwright)
        pages = {  # with 60,000 rows the peer builds its indices anew with every row: minutes
            "| 420 | rlnb |": opened(browser, address, "running", 420),
            f"| 420 | Bokeh {bokeh.__version__} |": opened(browser, address, None, 420),
            "| 60,000 | rlnb |": opened(browser, address, "large", 60_000),
        }
        frames: dict[str, list[dict[str, float]]] = {who: [] for who in pages}
        for k in range(ROUNDS + 1):
            for who, page in pages.items():
                page.bring_to_front()
                found = page.evaluate(TAKE, [k * each, each])
                frames[who] += found if k else []  # the first round warms up
        browser.close()
    server.shutdown()
    print("| rows a series | who | median ms of a tick's longest frame | all of a tick |\n|---|---|---|---|")
    for who, taken in frames.items():
        worst, whole = (statistics.median(frame[name] for frame in taken) for name in ("worst", "all"))
        print(f"{who} {worst:6.1f} | {whole:6.1f} |")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
