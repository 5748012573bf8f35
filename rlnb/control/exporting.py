"""A table as CSV, JSON, Markdown or LaTeX."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

Rows = Sequence[Mapping[str, Any]]
Columns = Sequence[Mapping[str, Any]]

_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
}  # fmt: skip


def as_csv(rows: Rows, columns: Columns) -> str:
    """With a line of labels. A text that a spreadsheet would take for a formula gets an apostrophe before it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([column["label"] for column in columns])
    for row in rows:
        writer.writerow(["" if (cell := row.get(c["key"])) is None else _harmless(cell) for c in columns])
    return out.getvalue()


def as_json(rows: Rows, columns: Columns, **about: Any) -> str:
    """An object: what `about` says, and `rows` by label."""
    listed = [{column["label"]: row.get(column["key"]) for column in columns} for row in rows]
    return json.dumps({**about, "rows": listed}, indent=2, allow_nan=False) + "\n"


def as_markdown(rows: Rows, columns: Columns) -> str:
    """A pipe table; numbers to the right."""
    from rlnb.widgets.table import read

    lines = [[_markdown(column["label"]) for column in columns]]
    lines.append(["---:" if column["kind"] == "number" else "---" for column in columns])
    lines += [[_markdown(read(row, column)) for column in columns] for row in rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def as_latex(rows: Rows, columns: Columns) -> str:
    """A `tabular` in the style of booktabs."""
    from rlnb.widgets.table import read

    letters = "".join("r" if column["kind"] == "number" else "l" for column in columns)
    lines = [[_latex(column["label"]) for column in columns]]
    lines += [[_latex(read(row, column)) for column in columns] for row in rows]
    head, *body = [" & ".join(line) + r" \\" for line in lines]
    parts = [rf"\begin{{tabular}}{{{letters}}}", r"\toprule", head, r"\midrule", *body, r"\bottomrule"]
    return "\n".join([*parts, r"\end{tabular}", ""])


def _harmless(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


def _markdown(text: str) -> str:
    return " ".join(str(text).replace("\\", "\\\\").replace("|", r"\|").replace("<", "&lt;").split())


def _latex(text: str) -> str:
    return "".join(_LATEX.get(letter, letter) for letter in " ".join(str(text).split()))
