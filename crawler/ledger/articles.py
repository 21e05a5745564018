"""Articles: the state of each, its versions, when it is due again, and looks that made no version.

It learns of published lines (from a run, from recovery, from a rebuild: by the same call) and of
what re-checks found. Versions, conditional requests and revisit records are made from its rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, or_, select, update

from crawler.ledger import line_rows
from crawler.ledger.addresses import HandedOut, seen_no_later
from crawler.ledger.connection import CHUNK, LedgerConnection, in_order
from crawler.ledger.leases import Others
from crawler.ledger.rows import AddedLine, ArticleRow, ObservationRow, VersionRow
from crawler.ledger.schema import addresses, articles, observations, versions

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime, timedelta

    from sqlalchemy import Row, Select

    from crawler.items import WarcPointer
    from crawler.ledger.connection import LedgerConnection


# The columns of an ArticleRow: of the article, and of the line of its newest content.
_OF_ARTICLES = [
    articles.c.article_id.label("id"),
    *(column for column in articles.c if column.name not in {"article_id", "state_at", "number"}),
]
_OF_CONTENT = [
    versions.c.content_sha256.label("published_sha256"),
    versions.c.title,
    versions.c.warc_pages,
    versions.c.fetched_at.label("warc_date"),
    versions.c.jsonl,
    versions.c.line_sha256,
    versions.c.line,
    versions.c.revision,
    versions.c.source,
    versions.c.archive,
]


class Articles:
    """The articles that are archived: their state, their lines, when each is looked at again."""

    def __init__(
        self,
        connection: LedgerConnection,
        handed_out: HandedOut | None = None,
        others: Others | None = None,
    ) -> None:
        self._connection = connection
        self._handed_out = handed_out or HandedOut()
        self._others = others or Others(None)

    def get(self, article_id: str) -> ArticleRow | None:
        """What is known of an archived article; None for one that isn't."""
        if self._handed_out.has(article_id):
            return self._handed_out.article(article_id)
        row = self._connection.row(_articles().where(articles.c.article_id == article_id))
        return None if row is None else _article(row)

    def of_ids(self, article_ids: Collection[str]) -> dict[str, ArticleRow | None]:
        """What is known of these articles (up to 500); None for one that isn't archived."""
        found: dict[str, ArticleRow | None] = dict.fromkeys(article_ids)
        for row in self._listed(_articles().where(articles.c.article_id.in_(found)), None):
            found[row.id] = row
        return found

    def versions(self, article_id: str) -> list[VersionRow]:
        """An article's JSONL lines, oldest first, each followed by its corrections."""
        statement = (
            select(versions)
            .where(versions.c.article_id == article_id)
            .order_by(versions.c.fetched_at, versions.c.revision, versions.c.number)
        )
        return [VersionRow(**row._mapping) for row in self._connection.rows(statement)]

    def highest_version(self, article_id: str) -> int:
        """The highest number that a version of the article has; 0 for one that isn't archived.
        Versions are numbered as we learn of them."""
        statement = select(func.max(versions.c.version)).where(versions.c.article_id == article_id)
        row = self._connection.row(statement)
        return int(row[0] or 0) if row else 0

    def is_overtaken(self, line: Mapping[str, Any]) -> bool:
        """Whether a line isn't known, and other runs have published of its article, since it was
        written, what it says or more."""
        known, digest = self.versions(line["id"]), line_rows.digest(line)
        at = line_rows.moment(line["fetched_at"])
        return all(row.line_sha256 != digest for row in known) and any(
            row.version >= line["version"] if line["status"] == "live" else row.fetched_at >= at
            for row in known
            if row.run_id != line["run_id"] and not row.revision
        )

    def revisions(self, ids: Collection[str]) -> tuple[set[str], set[str]]:
        """The digests (`line_sha256`) of the articles' lines with content: first of those that no
        correction has taken the place of, the newest revisions of each version and of each return
        of one; then of all others."""
        newest: dict[tuple[Any, ...], tuple[int, str]] = {}
        every: set[str] = set()
        asked = sorted(set(ids))
        for start in range(0, len(asked), CHUNK):
            statement = select(
                versions.c.article_id, versions.c.version, versions.c.status,
                versions.c.fetched_at, versions.c.revision, versions.c.line_sha256,
            )  # fmt: skip
            is_asked = versions.c.article_id.in_(asked[start : start + CHUNK])
            statement = statement.where(is_asked, versions.c.status != "gone")
            for row in self._connection.rows(statement):
                key = (row.article_id, row.version, row.status, row.fetched_at)
                found = (row.revision, row.line_sha256)
                newest[key] = max(newest.get(key, found), found)
                every.add(row.line_sha256)
        digests = {digest for _, digest in newest.values()}
        return digests, every - digests

    def add_line(
        self, line: Mapping[str, Any], *, jsonl: str, schedule: Sequence[timedelta] = ()
    ) -> bool:
        """Learn of one JSONL line; False if it was known already.

        `line` is the record as parsed, `jsonl` the published file that holds it, relative to
        DATA_DIR. Lines may come in any order and more than once: an article's state is that of its
        newest line, its content that of its newest line with content, the greatest by `fetched_at`
        and `revision`. Nothing is owed any more at any of its addresses, unless the line is of a
        capture of another web archive. `schedule`
        (RECHECK_SCHEDULE) sets the next check of a live article; without one it is never due. A
        correction is no look at a page: what was learnt of looks stays.
        """
        return self._add(AddedLine(line, jsonl, schedule), self.versions(line["id"]))

    def add_lines(self, lines: Sequence[AddedLine], seen: Collection[str] = ()) -> None:
        """Learn of many lines, no two of them of one article, as `add_line` does. The number of
        statements doesn't depend on how many are the first of their articles (up to 500). Addresses
        that were `seen` have their rows."""
        if not lines:
            return
        ids = [one.record["id"] for one in lines]
        known: dict[str, list[VersionRow]] = {}
        for row in self._connection.rows(select(versions).where(versions.c.article_id.in_(ids))):
            known.setdefault(row.article_id, []).append(VersionRow(**row._mapping))
        gone = {one.record["id"] for one in lines if one.record["status"] == "gone"}
        others = known.keys() | gone
        self._add_first([one for one in lines if one.record["id"] not in others], seen)
        for one in lines:
            if one.record["id"] in others:
                self._add(one, known.get(one.record["id"], []))

    def _add_first(self, lines: Sequence[AddedLine], seen: Collection[str]) -> None:
        """Learn of lines with content of articles of which nothing is known."""
        records = [one.record for one in lines]
        for record in records:
            self._handed_out.forget(record["id"])
        version_rows = [line_rows.version(one.record, 1, one.jsonl) for one in lines]
        address_rows = [
            row
            for record in records
            for row in line_rows.addresses(record)
            if row["url"] not in seen
        ]
        article_rows = [
            line_rows.first(one.record)
            | line_rows.state(one.record, one.schedule)
            | line_rows.content(one.record, 1)
            for one in lines
        ]
        self._connection.write(insert(versions), version_rows)
        self._connection.upsert(addresses, self._others.note(address_rows), update=())
        ours = [record["id"] for record in records if line_rows.archive(record) is None]
        self._nothing_owed(ours)
        self._connection.upsert(articles, article_rows)

    def _nothing_owed(self, ids: Collection[str]) -> None:
        """Nothing is owed any more at any address of these articles; at one that another run writes
        just now only when it is seen again."""
        is_owed = addresses.c.article_id.in_(ids) & addresses.c.retry_at.is_not(None)
        own = in_order(addresses, is_owed, skip_locked=True)
        self._connection.write(update(addresses).where(own).values(retry_at=None, attempts=0))

    def _add(self, published: AddedLine, known: Sequence[VersionRow]) -> bool:
        line, jsonl, schedule = published.record, published.jsonl, published.schedule
        self._handed_out.forget(line["id"])
        digest = line_rows.digest(line)
        same = next((row for row in known if row.line_sha256 == digest), None)
        if same is not None:
            if same.jsonl != jsonl:
                self._move_line(same, jsonl)
            return False
        number = 1 + max((row.number for row in known), default=0)
        version = line_rows.version(line, number, jsonl)  # all is read before anything is written
        observed, rows = line_rows.observations(line), line_rows.addresses(line)
        state, content = line_rows.state(line, schedule), line_rows.content(line, number)
        is_corrected = any(
            row.fetched_at == version["fetched_at"] and row.revision > version["revision"]
            for row in known
        )
        self._connection.write(insert(versions).values(version))
        self._connection.upsert(observations, observed, update=("status", "reason", "warc"))
        self._connection.upsert(addresses, self._others.note(rows), update=())
        if line_rows.archive(line) is None:
            self._nothing_owed([line["id"]])
            if not known and line["first_seen_at"] == line["fetched_at"]:
                # a killed run may not have committed what `Addresses.seen_by` noted
                at = line_rows.moment(line["fetched_at"])
                self._connection.write(seen_no_later(line["id"], at))
        if not is_corrected:
            self._write_state(line, state, {} if line["status"] == "gone" else content)
        return True

    def _move_line(self, row: VersionRow, jsonl: str) -> None:
        self._connection.write(
            update(versions)
            .where(versions.c.article_id == row.article_id, versions.c.number == row.number)
            .values(jsonl=jsonl)
        )

    def move_lines(self, ids: Sequence[str], before: str, now: str) -> None:
        """The lines of these articles that are known of the file `before` are in the file `now`."""
        asked = sorted(set(ids))
        for start in range(0, len(asked), CHUNK):
            chunk = versions.c.article_id.in_(asked[start : start + CHUNK])
            moved = update(versions).where(chunk, versions.c.jsonl == before)
            self._connection.write(moved.values(jsonl=now))

    def _write_state(
        self, line: Mapping[str, Any], state: dict[str, Any], content: dict[str, Any]
    ) -> None:
        before = self._connection.row(
            select(articles.c.state_at, versions.c.fetched_at)
            .outerjoin(versions, _newest_content())
            .where(articles.c.article_id == line["id"])
        )
        if before is None:
            self._connection.write(insert(articles).values(line_rows.first(line) | state | content))
            return
        at = state["state_at"]
        if line.get("revision"):
            state, content = line_rows.corrected(state), line_rows.corrected(content)
        values = state if at >= before.state_at else {}
        if before.fetched_at is None or at >= before.fetched_at:
            values = values | content
        if values:
            self._update(line["id"], values)

    def rebase(self, article_id: str, *, content_sha256: str, extractor_version: str) -> None:
        """Take over the digest that today's code gives the stored capture, which makes no version.
        Raises KeyError for an article that isn't archived, as `note_check`."""
        self._update(
            article_id, {"content_sha256": content_sha256, "extractor_version": extractor_version}
        )

    def note_check(
        self,
        article_id: str,
        at: datetime,
        next_check_at: datetime | None,
        etag: str | None,
        last_modified: str | None,
    ) -> None:
        """Note a look at an article that found its page there; it ends a suspicion.

        The validators are those of the capture the article row points at: a 304 to them is
        recorded as a revisit of that capture.
        """
        self._update(
            article_id,
            {
                "last_checked_at": at,
                "next_check_at": next_check_at,
                "etag": etag,
                "last_modified": last_modified,
                "suspected_at": None,
            },
        )

    def _update(self, article_id: str, values: Mapping[str, Any]) -> None:
        self._handed_out.forget(article_id)
        statement = update(articles).where(articles.c.article_id == article_id).values(values)
        if not self._connection.write(statement):
            raise KeyError(article_id)

    def due(
        self,
        at: datetime,
        *,
        regions: Collection[str] | None,
        limit: int,
        after: ArticleRow | None = None,
    ) -> list[ArticleRow]:
        """Articles whose next check has come, longest due first; `after` is the last one had."""
        statement = _articles().where(articles.c.next_check_at <= at)
        if after is not None:
            is_later = articles.c.next_check_at > after.next_check_at
            is_next = articles.c.next_check_at == after.next_check_at
            statement = statement.where(
                is_later | (is_next & (articles.c.article_id > after.id)),
                articles.c.next_check_at >= after.next_check_at,  # lets the index find the place
            )
        order = (articles.c.next_check_at, articles.c.article_id)
        return self._listed(statement.order_by(*order).limit(limit), regions)

    def every(
        self, *, regions: Collection[str] | None, limit: int, after: str | None = None
    ) -> list[ArticleRow]:
        """All articles that we have looked at ourselves, gone ones too, by id; `after` is the last
        id had."""
        statement = _articles().where(_is_ours())
        if after is not None:
            statement = statement.where(articles.c.article_id > after)
        return self._listed(statement.order_by(articles.c.article_id).limit(limit), regions)

    def gone(self, ids: Collection[str], *, before: datetime) -> list[ArticleRow]:
        """Those of the articles that are gone and weren't looked at since `before`."""
        is_due = (articles.c.status == "gone") & (articles.c.last_checked_at < before)
        asked, found = sorted(ids), []
        for start in range(0, len(asked), CHUNK):
            chunk = asked[start : start + CHUNK]
            found += self._listed(_articles().where(articles.c.article_id.in_(chunk), is_due), None)
        return found

    def neighbours(self, url: str, *, is_standing: bool = False) -> list[ArticleRow]:
        """The articles beside an address that are not gone: at most one on each side, by their own
        addresses, so of its host where it has any; `is_standing` leaves out suspected ones."""
        near = (
            select(addresses.c.article_id)
            .join(articles, articles.c.article_id == addresses.c.article_id)
            .outerjoin(versions, _newest_content())
            .where(articles.c.canonical_url == addresses.c.url, articles.c.status != "gone")
            .where(_is_ours())
            .limit(1)
        )
        if is_standing:
            near = near.where(articles.c.suspected_at.is_(None))
        at = addresses.c.url
        sides = (near.where(at < url).order_by(at.desc()), near.where(at > url).order_by(at))
        found = [row.article_id for side in sides for row in self._connection.rows(side)]
        return [one for one in map(self.get, found) if one]

    def _listed(self, statement: Select[Any], regions: Collection[str] | None) -> list[ArticleRow]:
        if regions is not None:
            statement = statement.where(articles.c.region.in_(regions))
        return [_article(row) for row in self._connection.rows(statement)]


def _newest_content() -> Any:
    return (versions.c.article_id == articles.c.article_id) & (
        versions.c.number == articles.c.number
    )


def _is_ours() -> Any:
    """Whether `ArticleRow.is_ours`."""
    return or_(versions.c.archive.is_(None), articles.c.last_checked_at > versions.c.fetched_at)


def _articles() -> Select[Any]:
    return select(*_OF_ARTICLES, *_OF_CONTENT).outerjoin(versions, _newest_content())


def _article(row: Row[Any]) -> ArticleRow:
    return ArticleRow(**row._mapping)


class Observations:
    """What was found each time, with the record that shows it."""

    def __init__(self, connection: LedgerConnection) -> None:
        self._connection = connection

    def add(
        self,
        article_id: str,
        url: str,
        at: datetime,
        status: int | None,
        reason: str,
        warc: WarcPointer | None,
        run_id: str,
    ) -> None:
        """Note one look. `status` is None where no answer came; one noted again replaces itself."""
        row = {
            "article_id": article_id, "at": at, "url": url, "status": status, "reason": reason,
            "warc": (warc,) if warc else (), "run_id": run_id,
        }  # fmt: skip
        self._connection.upsert(observations, [row])

    def of_article(self, article_id: str, since: datetime | None = None) -> list[ObservationRow]:
        """An article's observations at or after `since`, oldest first."""
        statement = select(observations).where(observations.c.article_id == article_id)
        if since is not None:
            statement = statement.where(observations.c.at >= since)
        rows = self._connection.rows(statement.order_by(observations.c.at, observations.c.url))
        return [
            ObservationRow(**{**row._mapping, "warc": row.warc[0] if row.warc else None})
            for row in rows
        ]
