"""Errors that speak to the person: what was wrong, with the value, and what to do."""

from __future__ import annotations


class RlnbError(Exception):
    """Base of every error that rlnb raises on purpose."""


class SessionNotFound(RlnbError, LookupError):
    """No stored session has this name or id."""


class EpisodeNotFound(RlnbError, LookupError):
    """The session has no such episode, or the `episode=` word is unknown."""


class NotReplayable(RlnbError):
    """This episode cannot be run again; the message says why."""


class StoreError(RlnbError):
    """The file is no rlnb store, or it cannot be read or written."""


class DocumentError(RlnbError, ValueError):
    """A JSON document does not follow the session schema."""


class BadValue(RlnbError, ValueError):
    """An argument has a value that makes no sense here."""


class MissingPackage(RlnbError, ImportError):
    """An optional package is needed for one feature.

    >>> str(MissingPackage("Rendering CartPole", "pygame", "pygame-ce"))
    'Rendering CartPole needs the package pygame. Install it with:  %pip install pygame-ce'
    """

    def __init__(self, feature: str, package: str, requirement: str | None = None) -> None:
        super().__init__(
            f"{feature} needs the package {package}. Install it with:  %pip install {requirement or package}"
        )
