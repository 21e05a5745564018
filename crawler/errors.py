"""Exceptions that end a request in a known outcome."""

from scrapy.exceptions import IgnoreRequest

from crawler.outcomes import Outcome


class Ended(IgnoreRequest):
    """A middleware ended the request: `outcome` says how, the message why."""

    def __init__(self, outcome: Outcome, detail: str) -> None:
        super().__init__(detail)
        self.outcome = outcome
        self.detail = detail
