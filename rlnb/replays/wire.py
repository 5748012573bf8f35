"""The wire between the kernel and the worker process: pickled tuples, each after its length in four bytes.

To the worker:   ("job", number, name, args, kwargs) · ("cancel", number) · ("answer", number, answer)
From the worker: ("ready",) · ("progress", number, done, total) · ("preview", number, png) · ("ask", number, question)
                 ("done", number, result) · ("failed", number, error name, error arguments) · ("cancelled", number)
"""

from __future__ import annotations

import pickle
import struct
from typing import Any, BinaryIO

Message = tuple[Any, ...]


def send(pipe: BinaryIO, message: Message) -> None:
    """Write one message; raises OSError (BrokenPipeError) or ValueError when the other side is gone."""
    body = pickle.dumps(message, protocol=5)
    pipe.write(struct.pack("<I", len(body)) + body)
    pipe.flush()


def receive(pipe: BinaryIO) -> Message | None:
    """Read one message; None when the other side has closed."""
    head = _exactly(pipe, 4)
    if head is None:
        return None
    (size,) = struct.unpack("<I", head)
    body = _exactly(pipe, size)
    if body is None:
        return None
    message: Message = pickle.loads(body)
    return message


def _exactly(pipe: BinaryIO, size: int) -> bytes | None:
    parts = []
    while size:
        try:
            part = pipe.read(size)
        except (OSError, ValueError):
            return None
        if not part:
            return None
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
