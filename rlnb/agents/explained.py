"""What `PPO?`, Shift-Tab and `help(PPO)` show: every setting with its default, and what it does."""

from __future__ import annotations

import ast
import inspect
import textwrap
from dataclasses import fields
from functools import cached_property
from itertools import pairwise
from typing import Any


def explanations(kind: type) -> dict[str, str]:
    """The sentences under each field of a class, its own and those it inherits; none where there is no source."""
    found: dict[str, str] = {}
    for one in reversed(kind.__mro__[:-1]):
        try:
            body = ast.parse(textwrap.dedent(inspect.getsource(one))).body[0]
        except (OSError, TypeError, SyntaxError):
            continue
        for field, below in pairwise(getattr(body, "body", [])):
            if (
                isinstance(field, ast.AnnAssign)
                and isinstance(below, ast.Expr)
                and isinstance(below.value, ast.Constant)
            ):
                found[ast.unparse(field.target)] = " ".join(str(below.value.value).split())
    return found


class Explained:
    """The docstring of an algorithm with its settings below; put together when somebody reads it."""

    def __init__(self, doc: str | None, settings: Any) -> None:
        self.doc, self.settings = inspect.cleandoc(doc or ""), settings

    def __get__(self, instance: Any, owner: type) -> str:
        return self.text

    @cached_property
    def text(self) -> str:
        told = explanations(self.settings)
        parts = [
            f"{field.name} = {field.default!r}\n{textwrap.fill(told.get(field.name, ''), 96, **INDENT)}"
            for field in fields(self.settings)
        ]
        return "\n\n".join([self.doc, "Settings, with their defaults:", *parts])


INDENT: dict[str, Any] = {"initial_indent": "    ", "subsequent_indent": "    "}


def signature(init: Any, settings: Any) -> inspect.Signature:
    """The parameters of `init` with the settings in place of `**settings`."""
    given = [p for name, p in inspect.signature(init).parameters.items() if name != "self" and p.kind != p.VAR_KEYWORD]
    kind = inspect.Parameter.KEYWORD_ONLY
    own = [inspect.Parameter(f.name, kind, default=f.default, annotation=f.type) for f in fields(settings)]
    return inspect.Signature([*given, *own])
