"""Which pictures of articles a run asks for, and what their answers are taken to say.

Pictures come after all articles of the run: those of the articles that it published, and what
earlier runs owe, the oldest first, up to a number and a size. A picture that was archived for
another article isn't asked for again.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from crawler.clock import now
from crawler.context import RunFacts, required
from crawler.downloader.failures import CaptureError, ending_of
from crawler.downloader.holds import Holds
from crawler.ledger.ledger import Ledger
from crawler.ledger.rows import PictureCapture
from crawler.media_type import identify, picture_type
from crawler.outcomes import OWED_NOW, PictureOutcome

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler

    from crawler.downloader.failures import RequestEnding
    from crawler.items import Page, WarcPointer
    from crawler.ledger.rows import PictureRow

# So many rows are read from the ledger at a time, and so many pictures are in flight or wait for
# their host.
CHUNK = 200

# So many chunks are looked through at a time, while the crawl stands still.
MOST_CHUNKS = 10

_ABSENT = frozenset({404, 410})


class PictureRequests:
    """The pictures of one run. Nothing is given before `begin`."""

    def __init__(self, crawler: Crawler) -> None:
        facts = required(crawler, RunFacts)
        self._run_id = facts.run_id
        self._ledger = required(crawler, Ledger)
        self._holds = required(crawler, Holds)
        arguments = facts.arguments
        # what was asked for by name brings its own pictures only
        is_named = arguments.urls is not None or bool(arguments.lists)
        self._regions = None if is_named else arguments.regions
        self._number = crawler.settings.getint("IMAGE_BUDGET")
        self._bytes = crawler.settings.getint("IMAGE_BUDGET_BYTES")
        self._is_on = facts.archives_pictures
        self._has_begun = False
        self._after: PictureRow | None = None
        self._is_over = False
        self.has_more = False
        # by address, the pictures that its answer is for
        self._asked: dict[str, list[PictureRow]] = {}

    def begin(self) -> bool:
        """All articles of the run have ended; whether there are pictures to ask for."""
        self._has_begun = self._is_on
        return self._has_begun

    def more(self) -> list[PictureRow]:
        """The pictures to ask for now. `has_more` then says whether it is worth asking again at
        once: many in a row may be archived already, or wait for a closed host."""
        self.has_more = False
        if not self._has_begun or self._is_over or len(self._asked) > CHUNK // 2:
            return []
        wanted: list[PictureRow] = []
        for _ in range(MOST_CHUNKS):
            if wanted or self._is_over:
                break
            rows = self._ledger.pictures.owed(
                run_id=self._run_id,
                at=now(),
                regions=self._regions,
                after=self._after,
                limit=CHUNK,
            )
            self._is_over = len(rows) < CHUNK
            for row in rows:
                if self._number <= 0 or self._bytes <= 0:
                    self._is_over = True
                    break
                self._after = row
                if self._is_wanted(row):
                    wanted.append(row)
        self.has_more = not self._is_over
        return wanted

    def _is_wanted(self, row: PictureRow) -> bool:
        """Whether a picture is to be asked for; not, where it is archived or just asked for. What
        waits for a closed host stays owed."""
        assert row.address is not None
        known = self._ledger.pictures.captured(row.address)
        if known is not None:
            self._ledger.pictures.archived(row, known, run_id=self._run_id)
            return False
        if self._holds.closed(urlsplit(row.address).hostname or ""):
            return False
        asked = self._asked.setdefault(row.address, [])
        asked.append(row)
        if len(asked) > 1:
            return False
        self._number -= 1
        return True

    def answered(self, picture: PictureRow, page: Page) -> None:
        """An answer came."""
        self._spend(page.warc)
        media_type = picture_type(page.body) if page.status == 200 else None
        if media_type is None or page.warc is None:
            outcome, detail = _no_picture(page)
            self._failed(picture, outcome, detail)
            return
        capture = PictureCapture(
            at=datetime.fromisoformat(page.fetched_at),
            fetched_url=page.url,
            type=media_type,
            size=len(page.body),
            sha256=hashlib.sha256(page.body).hexdigest(),
            warc=page.warc,
        )
        for row in self._take(picture):
            self._ledger.pictures.archived(row, capture, run_id=self._run_id)

    def failed(self, picture: PictureRow, error: BaseException, request: Request) -> RequestEnding:
        """No answer came, or none that can be read. What says nothing of the picture leaves it
        owed."""
        ending = ending_of(error, request)
        if isinstance(error, CaptureError):
            self._spend(error.pointer)
        if ending.is_ours or ending.outcome in OWED_NOW:
            self._take(picture)
        else:
            self._failed(picture, PictureOutcome(ending.outcome), ending.detail)
        return ending

    def _failed(self, picture: PictureRow, outcome: PictureOutcome, detail: str) -> None:
        for row in self._take(picture):
            self._ledger.pictures.failed(row, outcome, run_id=self._run_id, at=now(), detail=detail)

    def _take(self, picture: PictureRow) -> list[PictureRow]:
        assert picture.address is not None
        return self._asked.pop(picture.address, [])

    def _spend(self, warc: WarcPointer | None) -> None:
        self._bytes -= warc.length if warc else 0


def _no_picture(page: Page) -> tuple[PictureOutcome, str]:
    """How an answer ends that holds no picture, and why."""
    if page.status in _ABSENT:
        return PictureOutcome.MISSING, f"HTTP {page.status}"
    if page.status != 200:
        return PictureOutcome.HTTP_ERROR, f"HTTP {page.status}"
    kind = identify(page.body) or "of no known kind"
    return PictureOutcome.NOT_PICTURE, f"{len(page.body)} bytes that are {kind}"
