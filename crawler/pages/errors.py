"""The exception for a page that holds no article."""

from __future__ import annotations

from typing import Literal

Kind = Literal[
    "list_page", "soft_404", "error_page", "empty", "blank", "challenge", "script_redirect",
    "garbled", "not_html", "too_deep",
]  # fmt: skip


class NotAnArticle(Exception):  # noqa: N818 - it is a verdict on a page, not a fault of ours
    """The page holds no article.

    `list_page`: links to articles; `soft_404`: says with status 200 that the page is gone;
    `error_page`: a server or damage speaks; `empty`: no text and no media; `blank`: nothing to see
    at all, and nothing of a template; `challenge`: a firewall, a login or a captcha stands before
    whatever is there; `script_redirect`: sends the reader to `leads_to` by script or meta;
    `garbled`: its text is none in any encoding we know; `not_html`: the bytes are a picture's, a
    file's or data; `too_deep`: nested beyond what is read. `is_proven` is False where it is the
    fallback that finds nothing: what a layout we don't know holds stays open.
    """

    def __init__(
        self, kind: Kind, detail: str = "", *, is_proven: bool = True, leads_to: str | None = None
    ) -> None:
        super().__init__(f"{kind}: {detail}" if detail else kind)
        self.is_proven = is_proven
        self.kind: Kind = kind
        self.detail = detail
        self.leads_to = leads_to
