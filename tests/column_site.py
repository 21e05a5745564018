"""List columns under a test's control: what they show, how they page, how they fail.

A column is newest first, `per_page` links a page, `x.htm`, `x_2.htm`, …, with pinned links on top
of its first page.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import md5
from typing import TYPE_CHECKING

from tests.site import Site
from tests.site.answer import Answer

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from tests.site.server import Entry

HOST = "www.js.xinhuanet.com"


@dataclass
class Column:
    """`items` and `pinned` are addresses; `note` is text that changes the page and no link."""

    path: str
    items: list[str] = field(default_factory=list)
    pinned: list[str] = field(default_factory=list)
    per_page: int = 5
    note: str = ""
    has_validators: bool = True
    host: str = HOST

    @property
    def url(self) -> str:
        return f"http://{self.host}{self.path}"

    @property
    def pages(self) -> int:
        return max(1, -(-len(self.items) // self.per_page))

    def page_path(self, number: int) -> str:
        return self.path if number == 1 else self.path.replace(".htm", f"_{number}.htm")

    def number(self, path: str) -> int | None:
        """The page at a path, None when the column has none there."""
        return next((n for n in range(1, self.pages + 1) if self.page_path(n) == path), None)

    def html(self, number: int) -> str:
        links = self.items[(number - 1) * self.per_page : number * self.per_page]
        shown = [*(self.pinned if number == 1 else ()), *links]
        rows = "\n".join(f'<li><a href="{url}">要闻{n}</a></li>' for n, url in enumerate(shown))
        following = self.page_path(number + 1)
        pager = f'<a href="{following}">下一页</a>' if number < self.pages else ""
        return (
            '<html><head><meta charset="utf-8"><title>要闻</title></head><body>'
            f"<p>{self.note}</p><ul>{rows}</ul><div>{pager}</div></body></html>"
        )

    def etag(self) -> str:
        return f'"{md5(self.html(1).encode(), usedforsecurity=False).hexdigest()}"'


Made = bytes | Answer


class ColumnSite(Site):
    """The loopback site with some addresses of `HOST` and others answered by the test.

    `everywhere` is at each address while it is set; `made` holds what is at (host, path and query);
    `columns` are tried next, then the site itself.
    """

    def __init__(self, **options: Any) -> None:
        self.columns: list[Column] = []
        self.everywhere: bytes | None = None
        self.made: dict[tuple[str, str], Made | Callable[[], Made]] = {}
        super().__init__(**options)

    def _answer(self, entry: Entry, target: str) -> Answer:
        made = self.everywhere or self.made.get((entry.host, target))
        if callable(made):
            made = made()
        if made is not None:
            return made if isinstance(made, Answer) else Answer(200, made, etag=True)
        for column in self.columns:
            number = column.number(target) if column.host == entry.host else None
            if number is not None:
                body = column.html(number).encode()
                return Answer(200, body, etag=column.has_validators)
        return super()._answer(entry, target)
