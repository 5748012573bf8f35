"""Where there is no page: one line on the terminal, while a session runs.

It is tqdm's line. What the program prints meanwhile stands above it, and where the program shows a bar of tqdm's of its
own there is none of ours. Nothing is written where standard error is no terminal, nor with `TQDM_DISABLE=1`.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from rlnb.control.recording.running import Running


class StatusLine:
    """The line of the running session; made when it is first wanted, and left standing at the end."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._aside: Aside | None = None
        self._for = ""  # the session whose line it is, or which has none

    def show(self, running: Running, header: Mapping[str, Any]) -> None:
        """Draw what the session has done so far."""
        if self._for != running.id:
            self.end()
            self._for = running.id
            self._begin(running, float(header["elapsed"]))
        bar = self._bar
        if bar is None:
            return
        if any(one is not bar for one in bar._instances):  # the program counts by itself
            bar.leave = False
            self.end()
            return
        bar.total, bar.n = running.total_steps, header["steps"]
        bar.set_description_str(str(header["name"])[:40], refresh=False)
        bar.set_postfix_str(_words(header), refresh=False)
        bar.refresh()
        if self._aside is not None:
            self._aside.clean = False

    def end(self) -> None:
        """Let the line stand as it is."""
        if self._aside is not None:
            self._aside.close()
            self._aside = None
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _begin(self, running: Running, elapsed: float) -> None:
        if not _is_terminal(sys.stderr):
            return
        from tqdm import tqdm  # type: ignore[import-untyped]

        if getattr(tqdm, "_instances", None):
            return
        bar = tqdm(total=running.total_steps, unit=" steps", unit_scale=True, file=sys.stderr, dynamic_ncols=True)
        if bar.disable:
            return
        bar.start_t -= elapsed  # the session began before its line
        self._bar = bar
        if _is_terminal(sys.stdout):
            self._aside = Aside(bar)


class Aside:
    """Standard output while the line is there: whoever writes finds the line cleared, and it is drawn anew after."""

    def __init__(self, bar: Any) -> None:
        self._bar = bar
        self.clean = True  # no line stands there now
        self._stream = sys.stdout
        sys.stdout = self

    def write(self, text: str) -> int:
        """Write as the stream does, on an empty line."""
        if not self.clean:
            self._bar.clear()
            self.clean = True
        return self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def close(self) -> None:
        """Give the stream back."""
        self.clean = True
        if sys.stdout is self:
            sys.stdout = self._stream


def _is_terminal(stream: Any) -> bool:
    try:
        return bool(stream.isatty())
    except Exception:  # closed, or no stream at all
        return False


def _words(header: Mapping[str, Any]) -> str:
    words = [f"{header['episodes']:,} episodes", str(header["trend"]).rstrip("."), str(header["message"])]
    if header["state"] != "running":
        words.insert(0, str(header["state"]))
    return ", ".join(word for word in words if word)
