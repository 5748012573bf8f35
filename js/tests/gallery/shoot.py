"""Draws the gallery in headless Chromium: `python js/tests/gallery/shoot.py [folder] [scene …]`."""

from __future__ import annotations

import functools
import http.server
import shutil
import sys
import threading
from pathlib import Path

from playwright.sync_api import Browser, Playwright, sync_playwright

HERE = Path(__file__).parent
BUNDLE = HERE.parents[2] / "rlnb" / "widgets" / "static" / "rlnb.js"
SCENES = ("running", "groups", "finished", "failed", "empty", "lost", "hostile")


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves this folder, and the bundle as /rlnb.js."""

    def translate_path(self, path: str) -> str:
        return str(BUNDLE) if path.split("?")[0] == "/rlnb.js" else super().translate_path(path)

    def log_message(self, *_: object) -> None:
        pass


def launch(playwright: Playwright) -> Browser | None:
    """The system's Chromium (it plays H.264), else Playwright's own; None where there is neither."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None and not Path(playwright.chromium.executable_path).exists():
        return None
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    return playwright.chromium.launch(executable_path=path, args=flags)


def main(folder: Path, scenes: tuple[str, ...], themes: tuple[str, ...], widths: tuple[int, ...]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(HERE)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with sync_playwright() as playwright:
        browser = launch(playwright)
        if browser is None:
            raise SystemExit("There is no Chromium here: install one, or run `playwright install chromium`.")
        for scene in scenes:
            for theme in themes:
                for width in widths:
                    page = browser.new_page(viewport={"width": width, "height": 700})
                    page.on("console", lambda message: print("console:", message.text))
                    page.on("pageerror", lambda error: print("error:", error))
                    page.goto(f"http://127.0.0.1:{server.server_port}/?scene={scene}&theme={theme}")
                    page.wait_for_timeout(6000 if scene == "lost" else 900)
                    page.screenshot(path=folder / f"{scene}-{theme}-{width}.png", full_page=True)
                    page.close()
        browser.close()
    server.shutdown()


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parents[2] / "build" / "gallery"
    chosen = tuple(sys.argv[2:]) or SCENES
    main(target, chosen, ("light", "dark"), (320, 700, 1100))
