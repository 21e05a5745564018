"""The pictures of articles: which are owed, and what became of those that were asked for."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_, select, tuple_, update

from crawler import urls
from crawler.items import WarcPointer
from crawler.ledger.connection import CHUNK, LedgerConnection
from crawler.ledger.rows import PictureCapture, PictureCounts, PictureRow
from crawler.ledger.schedule import next_picture_try
from crawler.ledger.schema import pictures
from crawler.outcomes import PictureOutcome

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from sqlalchemy import Row

_ARCHIVED = PictureOutcome.ARCHIVED

# Another attempt would end as this one did.
_FINAL = frozenset({_ARCHIVED, PictureOutcome.TOO_LARGE})

_OUT_OF_SCOPE = "out of the two domains"


class Pictures:
    """Every picture that was noted while pictures were archived."""

    def __init__(self, connection: LedgerConnection) -> None:
        self._connection = connection

    def note(
        self,
        article_id: str,
        shown: Iterable[str],
        *,
        version: int,
        region: str | None,
        run_id: str,
        at: datetime,
    ) -> None:
        """Owe the pictures of a published version, those addresses that no earlier version of the
        article had. One that is out of scope has its outcome with this."""
        known = {row.url: row.number for row in self.of_article(article_id)}
        number = 1 + max(known.values(), default=0)
        rows: list[dict[str, Any]] = []
        for url in dict.fromkeys(shown):
            if url in known:
                continue
            address = urls.picture_address(url)
            is_refused = address is None
            rows.append({
                "article_id": article_id, "number": number + len(rows), "version": version,
                "url": url, "address": address, "region": region, "noted_at": at,
                "noted_by": run_id, "attempts": int(is_refused),
                "retry_at": None if is_refused else at,
                "outcome": PictureOutcome.REFUSED_ADDRESS if is_refused else None,
                "outcome_by": run_id if is_refused else None,
                "detail": _OUT_OF_SCOPE if is_refused else None,
                "at": at if is_refused else None, "warc": (),
            })  # fmt: skip
        self._connection.upsert(pictures, rows, update=())

    def note_line(self, line: Mapping[str, Any], *, at: datetime) -> None:
        """Owe the pictures of an article's published line. Raises KeyError or TypeError for what is
        no such line."""
        self.note(
            line["id"],
            [image["url"] for image in line["images"] or ()],
            version=line["version"],
            region=line["region"]["code"] if line["region"] else None,
            run_id=line["run_id"],
            at=at,
        )

    def owed(
        self,
        *,
        run_id: str,
        at: datetime,
        regions: Collection[str] | None,
        after: PictureRow | None,
        limit: int,
    ) -> list[PictureRow]:
        """Pictures to ask for now, the oldest first, those after one in that order: of articles of
        these regions, or of those alone that the run has published (None)."""
        statement = select(pictures).where(
            pictures.c.retry_at <= at,
            or_(pictures.c.outcome_by.is_(None), pictures.c.outcome_by != run_id),
        )
        if regions is None:
            statement = statement.where(pictures.c.noted_by == run_id)
        else:
            is_of = pictures.c.region.in_(sorted(regions))
            statement = statement.where(or_(pictures.c.region.is_(None), is_of))
        order = (pictures.c.noted_at, pictures.c.article_id, pictures.c.number)
        if after is not None:
            statement = statement.where(tuple_(*order) > after.place)
        rows = self._connection.rows(statement.order_by(*order).limit(limit))
        return [_picture(row) for row in rows]

    def captured(self, address: str) -> PictureCapture | None:
        """The newest archived picture of an address, whichever article shows it."""
        statement = (
            select(pictures)
            .where(pictures.c.address == address, pictures.c.sha256.is_not(None))
            .order_by(pictures.c.at.desc())
            .limit(1)
        )
        row = self._connection.row(statement)
        return _picture(row).capture if row else None

    def archived(self, picture: PictureRow, capture: PictureCapture, *, run_id: str) -> None:
        """It is archived."""
        self._end(picture, {
            "attempts": picture.attempts, "retry_at": None, "outcome": _ARCHIVED,
            "outcome_by": run_id, "detail": None, "at": capture.at,
            "fetched_url": capture.fetched_url, "type": capture.type, "size": capture.size,
            "sha256": capture.sha256, "warc": (capture.warc,),
        })  # fmt: skip

    def failed(
        self,
        picture: PictureRow,
        outcome: PictureOutcome,
        *,
        run_id: str,
        at: datetime,
        detail: str | None,
    ) -> None:
        """An attempt ended without it. It is owed until it was tried often enough."""
        attempts = picture.attempts + 1
        retry_at = None if outcome in _FINAL else next_picture_try(at, attempts)
        self._end(picture, {
            "attempts": attempts, "retry_at": retry_at, "outcome": outcome, "outcome_by": run_id,
            "detail": detail, "at": at,
        })  # fmt: skip

    def _end(self, picture: PictureRow, values: dict[str, Any]) -> None:
        self._connection.write(
            update(pictures)
            .where(pictures.c.article_id == picture.article_id, pictures.c.number == picture.number)
            .values(**values)
        )

    def of_article(self, article_id: str) -> list[PictureRow]:
        """What is known of an article's pictures."""
        statement = select(pictures).where(pictures.c.article_id == article_id)
        rows = self._connection.rows(statement.order_by(pictures.c.number))
        return [_picture(row) for row in rows]

    def at(self, url: str) -> list[PictureRow]:
        """The pictures that are asked for at an address."""
        statement = select(pictures).where(pictures.c.address == urls.picture_address(url))
        order = (pictures.c.article_id, pictures.c.number)
        return [_picture(row) for row in self._connection.rows(statement.order_by(*order))]

    def of_run(self, run_id: str, *, archived_only: bool = False) -> Iterator[PictureRow]:
        """The pictures whose last attempt a run made, in the order of their articles."""
        key = (pictures.c.article_id, pictures.c.number)
        statement = select(pictures).where(pictures.c.outcome_by == run_id)
        if archived_only:
            statement = statement.where(pictures.c.sha256.is_not(None))
        after: tuple[str, int] = ("", 0)
        while rows := self._connection.rows(
            statement.where(tuple_(*key) > after).order_by(*key).limit(CHUNK)
        ):
            after = (rows[-1].article_id, rows[-1].number)
            yield from map(_picture, rows)

    def archiving_runs(self) -> set[str]:
        """The runs that have archived pictures."""
        statement = select(pictures.c.outcome_by).where(pictures.c.sha256.is_not(None)).distinct()
        return {row.outcome_by for row in self._connection.rows(statement)}

    def is_concerned(self, run_id: str) -> bool:
        """Whether a run noted a picture or asked for one."""
        is_its = or_(pictures.c.noted_by == run_id, pictures.c.outcome_by == run_id)
        return self._connection.row(select(pictures.c.number).where(is_its).limit(1)) is not None

    def counts(self, run_id: str) -> PictureCounts:
        """What a run did with pictures."""
        ended = self._connection.rows(
            select(pictures.c.outcome, func.count().label("pictures"))
            .where(pictures.c.outcome_by == run_id)
            .group_by(pictures.c.outcome)
        )
        size = select(func.sum(pictures.c.size)).where(pictures.c.outcome_by == run_id)
        return PictureCounts(
            noted=self._count(pictures.c.noted_by == run_id),
            outcomes={row.outcome: row.pictures for row in sorted(ended)},
            bytes=int(_first(self._connection.row(size))),
            owed=self.owed_count(),
        )

    def owed_count(self) -> int:
        """How many pictures are owed, those that wait for their next attempt among them."""
        return self._count(pictures.c.retry_at.is_not(None))

    def _count(self, condition: Any) -> int:
        statement = select(func.count()).select_from(pictures).where(condition)
        return int(_first(self._connection.row(statement)))

    def restore(self, line: Mapping[str, Any], *, region: str | None) -> None:
        """Learn of a published line. Raises KeyError, TypeError or ValueError for what is no such
        line."""
        at, run_id = datetime.fromisoformat(line["at"]), str(line["run_id"])
        outcome = PictureOutcome(line["outcome"])
        article_id, url = str(line["article_id"]), str(line["url"])
        self.note(
            article_id, [url], version=int(line["version"]), region=region, run_id=run_id, at=at
        )
        row = next(row for row in self.of_article(article_id) if row.url == url)
        if outcome is not _ARCHIVED:
            if row.address is not None:
                self.failed(row, outcome, run_id=run_id, at=at, detail=line["detail"])
            return
        capture = PictureCapture(
            at=at,
            fetched_url=str(line["fetched_url"]),
            type=str(line["type"]),
            size=int(line["size"]),
            sha256=str(line["sha256"]),
            warc=WarcPointer(**line["warc"]),
        )
        self.archived(row, capture, run_id=run_id)


def _first(row: Row[Any] | None) -> Any:
    """The one value of a row, 0 for none."""
    return (row[0] if row else None) or 0


def _picture(row: Row[Any]) -> PictureRow:
    capture = None
    if row.sha256 is not None:
        (pointer,) = row.warc
        capture = PictureCapture(row.at, row.fetched_url, row.type, row.size, row.sha256, pointer)
    return PictureRow(
        article_id=row.article_id,
        number=row.number,
        version=row.version,
        url=row.url,
        address=row.address,
        noted_at=row.noted_at,
        attempts=row.attempts,
        retry_at=row.retry_at,
        outcome=PictureOutcome(row.outcome) if row.outcome else None,
        outcome_by=row.outcome_by,
        detail=row.detail,
        at=row.at,
        capture=capture,
    )
