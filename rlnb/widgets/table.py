"""A table as plain HTML, for pages without a kernel: no style sheet, every text escaped."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

from .short import short

MOST = 120  # signs of a cell


def table_html(rows: Sequence[Mapping[str, Any]], columns: Sequence[Mapping[str, str]]) -> str:
    """`rows` as a `<table>`; `columns` are dicts of `key`, `label` and `kind` ("text" or "number")."""
    heads = "".join(f'<th align="{_align(column)}">{_text(column["label"])}</th>' for column in columns)
    lines = (
        "<tr>"
        + "".join(f'<td align="{_align(column)}">{_text(read(row, column))}</td>' for column in columns)
        + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{''.join(lines)}</tbody></table>"


def _text(words: str) -> str:
    return html.escape(short(words, MOST))


def read(row: Mapping[str, Any], column: Mapping[str, Any]) -> str:
    """A cell in words: what `<key>:text` says where the row has it."""
    return str(row.get(f"{column['key']}:text") or cell(row.get(column["key"])))


def cell(value: Any) -> str:
    """A value as it is read: numbers with separators and four significant digits, nothing as a dash."""
    if value is None:
        return "–"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if isinstance(value, int) or value == int(value):
        return f"{int(value):,}"
    if abs(value) < 1e-3 or abs(value) >= 1e7:
        return f"{value:.3g}"
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"


def _align(column: Mapping[str, str]) -> str:
    return "right" if column["kind"] == "number" else "left"
