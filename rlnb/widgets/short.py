"""A person's words among ours: a name of 10,000 characters, or one that turns round what follows it, stays a name."""

from __future__ import annotations

import unicodedata

_TURNING = {*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F}  # what changes the direction of writing


def short(text: str, most: int = 80) -> str:
    """`text` on one line and no longer than `most` signs, without control characters and changes of direction."""
    line = "".join(" " if unicodedata.category(sign) == "Cc" else sign for sign in text[: 4 * most])
    line = "".join(sign for sign in line if ord(sign) not in _TURNING)
    return line if len(line) <= most and len(text) <= 4 * most else line[: most - 1] + "…"


class Short:
    """Short forms of texts as they come; different ones that were cut to the same are numbered."""

    def __init__(self, most: int = 80) -> None:
        self._most = most
        self._forms: dict[str, str] = {}
        self._taken: set[str] = set()

    def __call__(self, text: str) -> str:
        form = self._forms.get(text)
        if form is None:
            form, k = short(text, self._most), 2
            while form in self._taken:
                form, k = f"{short(text, self._most)} ({k})", k + 1
            self._forms[text] = form
            self._taken.add(form)
        return form
