"""The live view: charts that grow while the cell runs, controls, and the episode player under them.

The view knows nothing of sessions: it is told numbers (`extend`), words (`header`) and films, and it tells its owner
what the person asked for (`on_command`). Messages to the browser: `tick` (what is new), `answer` (to a click, the
header alone), `snapshot` (everything, thinned), `detail` (all of a window), `films`, `film_progress`, `film_error`,
`glance`, `glance_note`, `error`. From the browser: `hello`, `ack`, `detail`, `command`.
"""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable, Mapping
from typing import Any, Literal

import numpy as np
import traitlets
from numpy.typing import ArrayLike

from rlnb.clock import Clock, SystemClock

from .asset import Loaded
from .codec import encode
from .films import Screen
from .gate import Gate
from .greetings import Greetings
from .history import COLUMNS, History, Rows
from .narrow import narrow

log = logging.getLogger("rlnb.widgets")

Command = Callable[[str, dict[str, Any]], None]
Key = tuple[str, str, int]  # panel, series, group
Found = tuple[Key, str, dict[str, Any], int]
Detail = Callable[[str, float, float, int], list[Found]]
AXES = ("episode", "step", "time")
DETAIL = 2400  # rows of a series in one answer: what a screen shows
PACE = 200_000  # bytes a second: after a large tick the next one waits the longer
MOST_PENDING = 20_000  # rows that wait for a tick; beyond it the whole view is sent instead, thinned
MOST_SHOWN, LEAST_SHOWN = 6_000, 120  # rows of a snapshot, of all series together and of each at least
MOST_SAVED = 3_600  # rows of the one that a saved notebook keeps: some 90 KB
TICK_PERIOD = 0.1  # seconds: ticks that an acknowledgement sets off keep to 10 Hz as well


class LiveView(Screen, Loaded):
    """One widget for one session. All methods may be called from any thread.

    `snapshot` is the whole view, header included, thinned (`MOST_SAVED`): it alone redraws a saved notebook.
    """

    snapshot = traitlets.Bytes().tag(sync=True)

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._gate = Gate(self._clock)
        self._greetings = Greetings(self._clock)
        self._told_to_hear = True
        self._lock = threading.RLock()
        self._kinds: dict[Key, str] = {}
        self._history: dict[Key, History] = {}
        self._pending: dict[Key, list[Rows]] = {}
        self._waiting = 0  # rows in `_pending`
        self._over = False  # too many waited: the next tick is a snapshot
        self._header: dict[str, Any] = {}
        self._told: dict[str, Any] = {}  # the header as the browser has it: a tick carries what differs
        self._last_tick = -math.inf
        self._size = 0  # bytes of the last tick
        self._commands: list[Command] = []
        self._detail: Detail | None = None
        super().__init__(_kind="live_view")
        self.on_msg(self._receive)

    # -- what the owner tells ------------------------------------------------------------------------------------------

    def extend(
        self,
        panel: str,
        series: str,
        group: int = 0,
        *,
        step: ArrayLike,
        episode: ArrayLike,
        time: ArrayLike,
        value: ArrayLike,
        kind: Literal["points", "line"] = "points",
        cut: ArrayLike | None = None,
        lane: ArrayLike | None = None,
    ) -> None:
        """Add rows to a series; nothing is sent before `tick`.

        All of shape (n,): `step` in environment steps; `episode` an index (points of kind "points" are clicked by it;
        what is logged lies between two); `time` in seconds since the session began; `cut` is true for unfinished
        episodes, which are drawn hollow; `lane` is the slot of a vector environment, by which the view can be filtered.
        """
        values = np.asarray(value, np.float64)
        rows = np.zeros((len(values), len(COLUMNS)))
        for k, column in enumerate((episode, step, time, values)):
            rows[:, k] = column
        for k, optional in ((4, cut), (5, lane)):
            if optional is not None:
                rows[:, k] = optional
        if len(rows) == 0:
            return
        key = (panel, series, int(group))
        with self._lock:
            self._kinds[key] = kind
            self._history.setdefault(key, History()).extend(rows)
            self._pending.setdefault(key, []).append(rows)
            self._waiting += len(rows)
            if self._waiting > MOST_PENDING:  # the browser is slow, hidden or gone: it starts over when it is back
                self._pending.clear()
                self._waiting, self._over = 0, True

    def restart(self) -> None:
        """Forget all rows: what is added from here on is all there is, and the next tick says so."""
        with self._lock:
            self._history.clear()
            self._pending.clear()
            self._waiting, self._over = 0, True

    def header(self, **fields: Any) -> None:
        """Set fields of the header: name, env_id, state ("running", "paused", "finished", "stopped", "failed",
        "interrupted"), waiting (a command waits for the next step), deaf (the kernel hears the page when the cell
        ends), steps, episodes, rate (steps/s), elapsed (s), message, total_steps, trend, reward_threshold, controls (a
        list of "pause" and "stop"), groups (names by group number), replay (False: episodes cannot be played)."""
        with self._lock:
            self._header.update({name: _plain(value) for name, value in fields.items()})

    def hears(self, while_running: bool) -> None:
        """Say, as often as you like, whether the kernel reads the browser's messages while a cell runs.

        Where it does not, the view says so, and is sent whole, thinned, at growing distances. It hears after all where
        a message comes in while the session runs: on a second thread of the kernel's, or since no cell holds it.
        """
        with self._lock:
            if while_running != self._told_to_hear:
                self._told_to_hear = while_running
                self._hear(while_running)

    def _hear(self, now: bool) -> None:
        self._gate.hears = self._header["hears"] = now

    def tick(self) -> bool:
        """Send what is new in one message, if the gate lets it through; call it at most ten times a second."""
        with self._lock:
            if not (self._pending or self._header != self._told or self._over):
                return False
            if not self._gate.is_open():
                return self._send_unheard()
            if self.resting:
                return False
            self._send_tick()
            return True

    def answer(self) -> None:
        """Send at once, past the gate, what has changed in the header: a person who has clicked waits for it."""
        with self._lock:
            if changed := self._changed():
                self._told.update(changed)
                self.send({"type": "answer"}, [encode({"header": changed, "series": []}, {})])

    @property
    def resting(self) -> bool:
        """Whether the last tick was so large that the next one has to wait."""
        large = self._size > PACE * TICK_PERIOD and self._header.get("state") in _MOVING
        return large and self._clock.elapsed() - self._last_tick < self._size / PACE

    def refresh_snapshot(self, moving: bool = False) -> None:
        """Set the `snapshot` trait: at the end of a session, and every few seconds while it is `moving`.

        A trait passes by the gate, so while nobody answers a moving view leaves it as it is: the server of a closed tab
        would keep every one of them.
        """
        with self._lock:
            if not (moving and (self._gate.stalled or not self._gate.hears)):
                self.snapshot = self._snapshot(MOST_SAVED)

    def on_command(self, fn: Command) -> None:
        """Call `fn(name, payload)` for what the person asks: "stop", "pause", "resume", "replay" {"episode": 3}."""
        self._commands.append(fn)

    def on_detail(self, fn: Detail) -> None:
        """Ask `fn(axis, low, high, most)` for the rows between two values of an axis when somebody zooms in: a list of
        ((panel, series, group), kind, columns by name, number of rows there are), each thinned to about `most`."""
        self._detail = fn

    def show_error(self, text: str) -> None:
        """Say in the view, and in the log, what went wrong."""
        log.error("%s", text)
        self.send({"type": "error", "text": text})

    def glance(self, views: list[str], lane: int, picture: bytes, words: str) -> None:
        """The newest picture (JPEG) of a lane, to those views that asked for it."""
        self.send({"type": "glance", "views": views, "lane": lane, "words": words}, [picture])

    def glance_note(self, views: list[str], text: str) -> None:
        """Say to those views why there is no picture."""
        self.send({"type": "glance_note", "views": views, "text": text})

    # -- what the browser says -----------------------------------------------------------------------------------------

    def _receive(self, _widget: Any, content: Any, _buffers: Any) -> None:
        kind = content.get("type") if isinstance(content, dict) else None
        with self._lock:
            if not self._gate.hears and self._header.get("state") in _MOVING:
                self._hear(True)
        if kind == "ack":
            self._gate.acknowledge(int(content["seq"]))
            self._catch_up()
        elif kind == "hello":
            self._greet(str(content.get("view")))
        elif kind == "detail":
            self._show_detail(content)
        elif kind == "command":
            self._command(str(content.get("name")), dict(content.get("payload") or {}))
        else:
            self.show_error(f"The view sent a message that rlnb does not know: {str(content)[:200]}")

    def _greet(self, view: str) -> None:
        """Answer a hello with everything."""
        with self._lock:
            self._gate.hello()
            if self._greetings.answered(view, self._gate.sent):
                return
            if self._pending or self._header != self._told or self._over:
                self._send_tick()  # for the other views of this session; the newcomer starts from the snapshot
            self._greetings.answer(view, self._gate.sent)
            self.send({"type": "snapshot", "seq": self._gate.sent, "to": view}, [self._snapshot()])

    def _command(self, name: str, payload: dict[str, Any]) -> None:
        if not self._commands:
            self.show_error(f'Nobody listens to "{name}" here: this view shows a session of an earlier kernel.')
        for fn in self._commands:
            try:
                fn(name, payload)
            except Exception as error:  # a broken handler is named in the view; the kernel goes on
                log.debug("command %s failed", name, exc_info=True)
                self.show_error(f'"{name}" failed: {error}')

    def _show_detail(self, asked: Mapping[str, Any]) -> None:
        """Answer a view that has been zoomed in; one that asks for what is no axis is told so."""
        axis, low, high = asked.get("axis"), asked.get("from"), asked.get("to")
        if axis not in AXES or not all(isinstance(end, int | float) for end in (low, high)):
            self.show_error(f"The view asked for rows that rlnb does not know: {str(asked)[:200]}")
        elif self._detail is not None:
            found = self._detail(axis, float(low), float(high), DETAIL)  # type: ignore[arg-type]
            entries = [
                {"panel": key[0], "series": key[1], "group": key[2], "kind": kind, "total": total}
                for key, kind, _, total in found
            ]
            columns = {f"{i}.{name}": narrow(name, c) for i, one in enumerate(found) for name, c in one[2].items()}
            meta = {"series": entries, "window": {"axis": axis, "from": low, "to": high}}
            self.send({"type": "detail", "to": asked.get("view")}, [encode(meta, columns)])

    def _catch_up(self) -> None:
        with self._lock:
            if self._clock.elapsed() - self._last_tick >= TICK_PERIOD or self._header.get("state") not in _MOVING:
                self.tick()

    # -- frames --------------------------------------------------------------------------------------------------------

    def _send_tick(self) -> None:
        with self._lock:
            seq = self._gate.send()
            kind, frame = ("snapshot", self._snapshot()) if self._over else ("tick", self._new())
            self._pending.clear()
            self._waiting, self._over, self._told = 0, False, dict(self._header)
            self._last_tick, self._size = self._clock.elapsed(), len(frame)
            self.send({"type": kind, "seq": seq}, [frame])

    def _send_unheard(self) -> bool:
        """The whole view as a trait, which needs no answer, where the kernel cannot hear one."""
        if not self._gate.take_unheard_turn():
            return False
        self.snapshot = self._snapshot()
        self._pending.clear()
        self._waiting, self._over, self._told = 0, False, dict(self._header)
        return True

    def _new(self) -> bytes:
        """What came since the last tick, and the fields of the header that are not as they were."""
        pending = {key: np.concatenate(parts) for key, parts in self._pending.items()}
        meta = {"header": self._changed(), "series": [self._entry(key) for key in pending]}
        columns = {
            f"{i}.{name}": narrow(name, rows[:, k]) for i, rows in enumerate(pending.values()) for k, name in _NAMES
        }
        return encode(meta, columns)

    def _changed(self) -> dict[str, Any]:
        return {name: value for name, value in self._header.items() if self._told.get(name, _NEVER) != value}

    def _entry(self, key: Key) -> dict[str, Any]:
        panel, series, group = key
        return {"panel": panel, "series": series, "group": group, "kind": self._kinds[key]}

    def _snapshot(self, shown: int = MOST_SHOWN) -> bytes:
        """Everything so far, thinned."""
        columns: dict[str, Any] = {}
        entries = []
        most = max(LEAST_SHOWN, shown // max(len(self._history), 1))
        for i, (key, whole) in enumerate(self._history.items()):
            history = whole.thinner(most)
            entries.append({**self._entry(key), "total": history.total})
            columns.update({f"{i}.{name}": narrow(name, history.rows[:, k]) for k, name in _NAMES})
            if (means := history.means()) is not None:
                columns[f"{i}.mean.count"] = means.count
                columns.update({f"{i}.mean.{name}": means.mean[:, k] for k, name in _NAMES[:4]})
        return encode({"header": self._header, "series": entries}, columns)


_NAMES = list(enumerate(COLUMNS))
_MOVING = ("running", None)
_NEVER = object()


def _plain(value: Any) -> Any:
    """`value` as JSON knows it: NumPy numbers become Python's, NaN and infinity become None."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value if isinstance(value, str | int | float | bool | type(None)) else str(value)
