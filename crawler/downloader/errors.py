"""How a captured download fails: what the handler raises in place of returning a response.

Each carries `pointer`, the archived record of what did arrive, or None when nothing did.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.exceptions import DownloadCancelledError, DownloadTimeoutError, IgnoreRequest

if TYPE_CHECKING:
    from crawler.archive.decode import Kind
    from crawler.items import WarcPointer
    from crawler.outcomes import Outcome


class CaptureError(Exception):
    """An answer came and is archived, but holds no trustworthy page; `kind` is the decoder's."""

    def __init__(self, kind: Kind, message: str, pointer: WarcPointer | None) -> None:
        super().__init__(message)
        self.kind: Kind = kind
        self.pointer = pointer


class CaptureTooLargeError(CaptureError, DownloadCancelledError):
    """The answer is over a limit of ours."""


class CaptureTimeoutError(DownloadTimeoutError):
    """The whole exchange took too long; part of an answer may be archived."""

    def __init__(self, message: str, pointer: WarcPointer | None) -> None:
        super().__init__(message)
        self.pointer = pointer


class NotArchivedError(IgnoreRequest):
    """A replay was asked for a URL that no archive of it holds."""


class Ended(IgnoreRequest):
    """A middleware ended the request: `outcome` says how, the message why."""

    def __init__(self, outcome: Outcome, detail: str) -> None:
        super().__init__(detail)
        self.outcome = outcome
        self.detail = detail
