"""The pump: the page's messages to our widgets, handled between two steps while the cell holds the main thread.

A kernel answers one message at a time, and the running cell is one: a click waits until it ends. The pump reads what
waits on the main shell without blocking, handles the messages to our comms, and hands everything else back in order,
to run after the cell as it would have. Any surprise switches it off, in words; training is not touched.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

CONTROL = "jupyter.widget.control"  # a page that was reloaded asks here for the state of its widgets


class Surprise(Exception):
    """The kernel is not as we know it."""


class Pump:
    """Handles waiting messages of `is_ours` comms. `state` is "on" or "off: <why>"."""

    def __init__(self, kernel: Any, is_ours: Callable[[Any], bool]) -> None:
        self._kernel = kernel
        self._is_ours = is_ours
        self._busy = False
        self._found: Any = None
        self._answered: list[Any] = []  # messages that were handled, and whose sender does not know it yet
        self.state = "on"

    def __call__(self, limit: int = 50) -> int:
        """Handle what waits, `limit` messages at most; the number of messages handled."""
        if self._busy or self.state != "on" or threading.current_thread() is not threading.main_thread():
            return 0
        self._busy = True
        try:
            if self._nothing_waits():
                return 0
            with interrupts_wait():  # an interrupt between "read" and "handed back" would lose messages
                try:
                    return self._queued() + self._waiting(limit)
                finally:
                    self._answer()
        except Exception as error:  # whatever it is: training goes on without the pump
            self.state = f"off: {type(error).__name__}: {error}" if str(error) else f"off: {type(error).__name__}"
            return 0
        finally:
            self._busy = False

    @property
    def others_read(self) -> bool:
        """Whether another thread than this one reads the page's messages: ipykernel 7 has one for it; and this one may
        train beside the cells."""
        thread = getattr(self._kernel, "shell_channel_thread", None)
        return thread is not None or threading.current_thread() is not threading.main_thread()

    # --- reading ------------------------------------------------------------------------------------------------

    def _stream(self) -> Any:
        """The stream on which the main thread gets its messages."""
        if self._found is not None:
            return self._found
        thread = getattr(self._kernel, "shell_channel_thread", None)
        if thread is None:  # ipykernel 6
            stream = getattr(self._kernel, "shell_stream", None)
        else:  # ipykernel 7
            stream = thread.manager.get_shell_channel_to_subshell_pair(None).to_stream
        for name in ("_recv_callback", "_recv_copy", "flush"):
            if not hasattr(stream, name):
                raise Surprise(f"this ipykernel's shell stream has no {name}")
        self._found = stream
        return stream

    def _nothing_waits(self) -> bool:
        """The usual case, told cheaply. (To ask for the events of a socket that has none loses no signal: the next
        message is one.)"""
        import zmq

        queue = getattr(self._kernel, "msg_queue", None)
        if queue is not None and queue.qsize():
            return False
        return not self._stream().socket.getsockopt(zmq.EVENTS) & zmq.POLLIN

    def _waiting(self, limit: int) -> int:
        """What waits in the socket."""
        import zmq

        stream = self._stream()
        handle, copy = stream._recv_callback, stream._recv_copy
        if handle is None:
            raise Surprise("nobody reads this ipykernel's shell stream")
        got: list[Any] = []
        handled = 0
        try:
            stream._recv_callback, stream._recv_copy = got.append, False
            try:
                stream.flush(zmq.POLLIN, limit)  # also re-arms the edge-triggered socket
            finally:
                stream._recv_callback, stream._recv_copy = handle, copy
            while got:
                if self._handle(got[0]):
                    handled += 1
                else:
                    self._kernel.io_loop.add_callback(handle, got[0])
                got.pop(0)
        finally:
            for frames in got:  # a surprise: the rest goes the normal way
                self._kernel.io_loop.add_callback(handle, frames)
        return handled

    def _queued(self) -> int:
        """What ipykernel 6 had read before we looked."""
        queue = getattr(self._kernel, "msg_queue", None)
        if queue is None or not queue.qsize():
            return 0
        items = [queue.get_nowait() for _ in range(queue.qsize())]
        keep: list[Any] = []
        handled = 0
        try:
            while items:
                if self._handle(_frames_of(items[0])):
                    handled += 1
                else:
                    keep.append(items[0])
                items.pop(0)
        finally:
            for item in keep + items:
                queue.put_nowait(item)
        return handled

    # --- handling -----------------------------------------------------------------------------------------------

    def _handle(self, frames: Any) -> bool:
        """Handle a message if it is for one of our comms. Nothing is consumed when the answer is False."""
        if not frames:
            return False
        kernel = self._kernel
        idents, parts = kernel.session.feed_identities(frames, copy=False)
        # The header alone: `deserialize` remembers the signature, and drops a message that it sees twice.
        kind = kernel.session.unpack(_bytes(parts[1])).get("msg_type")
        if kind not in ("comm_msg", "comm_open"):
            return False
        content = kernel.session.unpack(_bytes(parts[4]))
        manager = kernel.comm_manager
        if kind == "comm_open":
            if content.get("target_name") != CONTROL:
                return False
        else:
            comm = manager.comms.get(content.get("comm_id"))
            if comm is None or not (getattr(comm, "target_name", "") == CONTROL or self._is_ours(comm)):
                return False
        message = kernel.session.deserialize(parts, content=True, copy=False)
        try:
            if kind == "comm_open":
                manager.comm_open(kernel.shell_stream, idents, message)
            else:
                # Not comm.handle_msg, which fires pre_execute and post_execute as if a cell had run.
                (getattr(comm, "_msg_callback", None) or comm.handle_msg)(message)
        except Exception:
            kernel.log.exception("a widget's message handler failed")
        finally:
            self._answered.append(message)
        return True

    def _answer(self) -> None:
        """Say "idle" of each message that was handled: the page's throttle and its future wait for it. All in one turn
        of the thread that sends: to wake it is what costs."""
        if not self._answered:
            return
        kernel, answered = self._kernel, self._answered
        self._answered = []
        cell = kernel.get_parent("shell")

        def say() -> None:
            for message in answered:
                kernel._publish_status("idle", "shell", parent=message)
            kernel._publish_status("busy", "shell", parent=cell)  # the cell itself goes on

        thread = getattr(kernel, "iopub_thread", None)
        say() if thread is None else thread.schedule(say)


def _bytes(frame: Any) -> bytes:
    return frame.bytes if hasattr(frame, "bytes") else bytes(frame)


def _frames_of(item: Any) -> Any:
    """The frames in an entry of ipykernel 6's queue, if it is a shell message: (order, dispatch, (frames,))."""
    if len(item) > 2 and getattr(item[1], "__name__", "") == "dispatch_shell" and item[2]:
        return item[2][0]
    return None


@contextmanager
def interrupts_wait() -> Iterator[None]:
    """Let an interrupt (SIGINT) arrive after the block instead of within it. Main thread only."""
    came: list[Any] = []
    handler = signal.getsignal(signal.SIGINT)
    if not callable(handler):
        yield
        return
    signal.signal(signal.SIGINT, lambda number, frame: came.append((number, frame)))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        if came:
            handler(*came[0])
