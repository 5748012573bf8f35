"""A person's words among ours: a name of 10,000 characters, or one that turns round what follows it, stays a name."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

_TURNING = {*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F}  # what changes the direction of writing


def short(text: str, most: int = 80) -> str:
    """`text` on one line and no longer than `most` signs, without control characters and changes of direction."""
    line = "".join(" " if unicodedata.category(sign) == "Cc" else sign for sign in text[: 4 * most])
    line = "".join(sign for sign in line if ord(sign) not in _TURNING)
    return line if len(line) <= most and len(text) <= 4 * most else line[: most - 1] + "…"


def short_apart(texts: Iterable[str], most: int = 80) -> dict[str, str]:
    """The short form of each of these different texts; those that were cut to the same are numbered."""
    found: dict[str, str] = {}
    for text in texts:
        form, k = short(text, most), 2
        while form in found.values():
            form, k = f"{short(text, most)} ({k})", k + 1
        found[text] = form
    return found
