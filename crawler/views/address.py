"""What the ledger knows of an address, in sentences."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from crawler.clock import iso
from crawler.items import WarcPointer
from crawler.ledger.rows import RunKind
from crawler.outcomes import OWED_NOW

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from crawler.ledger.ledger import Ledger
    from crawler.ledger.rows import Address, ArticleRow, ListState, PageState, PictureRow
    from crawler.outcomes import Outcome

# Keys of the rows that programs get: a new column of the ledger is no new key.
_ADDRESS_KEYS = (
    "region", "day", "found_on", "position", "title", "first_seen_at", "attempts", "retry_at",
    "result", "result_at", "detail",
)  # fmt: skip
_ARTICLE_KEYS = (
    "status", "version", "title", "published_at", "first_seen_at", "last_checked_at",
    "next_check_at", "suspected_at", "jsonl", "warc",
)  # fmt: skip
_VERSION_KEYS = (
    "version", "revision", "status", "fetched_at", "changed", "corrects", "run_id", "line", "jsonl",
    "archive",
)  # fmt: skip
_OBSERVATION_KEYS = ("at", "url", "status", "reason", "warc", "run_id")
_LIST_KEYS = (
    "region", "last_at", "last_status", "last_ok_at", "failures", "completed_at",
    "walk_started_at", "resume_url",
)  # fmt: skip
_PICTURE_KEYS = (
    "article_id", "version", "url", "noted_at", "attempts", "retry_at", "outcome", "detail", "at",
)  # fmt: skip
_CAPTURE_KEYS = ("fetched_url", "type", "size", "sha256", "warc")


def explain(ledger: Ledger, url: str, article_id: str, at: datetime) -> list[str]:
    """Sentences on the address, its article, its list and its host.

    `article_id` is the id the address names; facts of the host alone are no knowledge of the
    address, so nothing else known gives no sentences at all.
    """
    address = ledger.addresses.get(url)
    article = ledger.articles.get(article_id)
    others = [one for one in ledger.addresses.of_article(article_id) if one != url]
    known = ledger.lists.state(url)
    sentences: list[str] = []
    if address is not None:
        sentences += _of_address(ledger, address, at)
    elif article is not None or others:
        sentences.append("This address was never seen, but its article was at another one.")
    if article is not None:
        sentences += _of_article(article, at)
        sentences += _of_history(ledger, article_id)
    if others:
        sentences.append(f"The article was also seen at {', '.join(others)}.")
    sentences += _of_captures(ledger, article_id)
    if known.last_at is not None:
        sentences += _of_list(known)
    sentences += map(_of_page, ledger.lists.pages(url))
    for picture in ledger.pictures.at(url):
        sentences += _of_picture(picture, at)
    return [*sentences, *_of_host(ledger, url, at)] if sentences else []


def facts_of(ledger: Ledger, url: str, article_id: str) -> dict[str, Any]:
    """The same as plain values, for programs; docs/operations.md has the keys. Times are UTC."""
    address = ledger.addresses.get(url)
    article = ledger.articles.get(article_id)
    known = ledger.lists.state(url)
    others = ledger.addresses.of_article(article_id)
    return {
        "url": url,
        "article_id": article_id,
        "address": None if address is None else _picked(address, _ADDRESS_KEYS),
        "article": None if article is None else _picked(article, _ARTICLE_KEYS),
        "versions": [_picked(row, _VERSION_KEYS) for row in ledger.articles.versions(article_id)],
        "observations": [
            _picked(row, _OBSERVATION_KEYS) for row in ledger.observations.of_article(article_id)
        ],
        "also_at": [one for one in others if one != url],
        "pictures": [_of_picture_row(row) for row in ledger.pictures.at(url)],
        "list": None if known.last_at is None else _picked(known, _LIST_KEYS),
    }


def _of_picture_row(row: PictureRow) -> dict[str, Any]:
    capture = _picked(row.capture, _CAPTURE_KEYS) if row.capture else None
    return _picked(row, _PICTURE_KEYS) | (capture or dict.fromkeys(_CAPTURE_KEYS))


def _picked(row: object, keys: Iterable[str]) -> dict[str, Any]:
    return {key: _plain(getattr(row, key)) for key in keys}


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, date):
        return value.isoformat()
    return asdict(value) if isinstance(value, WarcPointer) else value


def _of_address(ledger: Ledger, address: Address, at: datetime) -> Iterator[str]:
    where = f" on {address.found_on}" if address.found_on else ", given or in an archived line"
    place = f" as link {address.position}" if address.position is not None else ""
    title = f", titled “{address.title}”" if address.title else ""
    listed = f", dated {address.list_time}" if address.list_time else ""
    yield f"It was first seen at {_time(address.first_seen_at)}{where}{place}{title}{listed}."
    region = f"region {address.region}" if address.region else "no region"
    yield f"It is an address of article {address.article_id}, of {region}."
    if address.result is None or address.result_at is None:
        yield "It has not been asked for itself."
    else:
        yield (
            f"The last attempt, at {_time(address.result_at)}, ended as {address.result}: "
            f"{_meaning(address.result, address.detail)}."
        )
    for run in ledger.runs.newest(1, RunKind.CRAWL):
        visit = ledger.visits.get(run.run_id, address.url)
        if visit is not None:
            yield f"In the newest run, {run.run_id}, {_visit(*visit)}."
    yield _owed(address, at)


def _visit(outcome: Outcome | None, detail: str | None) -> str:
    if outcome is None:
        return "it was seen and its outcome is still open"
    return f"it ended as {outcome}: {_meaning(outcome, detail)}"


def _owed(address: Address, at: datetime) -> str:
    if address.retry_at is None:
        failed = f"It failed {_times(address.attempts)}. " if address.attempts else ""
        return f"{failed}Nothing is owed at it: only a re-check of its article asks for it again."
    when = "by the next run" if address.retry_at <= at else f"from {_time(address.retry_at)} on"
    if address.attempts:
        return f"It failed {_times(address.attempts)} and will be tried again {when}."
    if address.result in OWED_NOW:
        return f"It is owed and will be asked for again {when}."
    return f"It is owed and will be asked for {when}."


def _times(attempts: int) -> str:
    return "once" if attempts == 1 else f"{attempts} times in a row"


def _of_article(article: ArticleRow, at: datetime) -> Iterator[str]:
    title = f" “{article.title}”" if article.title else ""
    published = f", published {article.published_at}" if article.published_at else ""
    yield (
        f"Article {article.id}{title}{published}, is archived in version {article.version} "
        f"and {'withdrawn by the site' if article.status == 'gone' else 'live'}."
    )
    if article.warc is not None and article.warc_date is not None:
        how = f"captured by the web archive {article.archive}" if article.archive else "fetched"
        yield (
            f"Its newest content was {how} at {_time(article.warc_date)}: {article.warc.file}, "
            f"offset {article.warc.offset}, {article.warc.length} bytes, record "
            f"{article.warc.record_id}; its line is in {article.jsonl}."
        )
    if article.suspected_at is not None:
        yield f"It is suspected of being withdrawn since {_time(article.suspected_at)}."
    if article.next_check_at is None:
        planned = "no further look is planned"
    elif article.next_check_at <= at:
        planned = f"the next look is due since {_time(article.next_check_at)}"
    else:
        planned = f"the next look is due at {_time(article.next_check_at)}"
    yield f"It was last looked at at {_time(article.last_checked_at)}; {planned}."


def _of_history(ledger: Ledger, article_id: str) -> Iterator[str]:
    for row in ledger.articles.versions(article_id):
        if row.corrects:
            yield (
                f"Version {row.version}, revision {row.revision}, corrected in run {row.run_id}: "
                f"{', '.join(row.corrects['keys'])} ({row.corrects['reason']})."
            )
            continue
        changed = f", changed: {', '.join(row.changed)}" if row.changed else ""
        whose = f"captured by {row.archive}" if row.archive else "fetched"
        yield (
            f"Version {row.version}, {row.status}, {whose} at {_time(row.fetched_at)}"
            f"{', asked for in' if row.archive else ' in'} run {row.run_id}{changed}."
        )
    for seen in ledger.observations.of_article(article_id):
        status = "no HTTP status" if seen.status is None else f"HTTP {seen.status}"
        yield f"At {_time(seen.at)} {seen.url} gave {status}: {seen.reason}."


def _of_captures(ledger: Ledger, article_id: str) -> Iterator[str]:
    for archive, listed, owed in ledger.captures.by_archive(article_id):
        count = "1 capture" if listed == 1 else f"{listed} captures"
        still = f", of which {owed} are still to be asked for" if owed else ""
        yield f"The web archive {archive} lists {count} of it{still}."


def _of_list(known: ListState) -> Iterator[str]:
    status = "no answer" if known.last_status is None else f"HTTP {known.last_status}"
    region = f" of region {known.region}" if known.region else ""
    yield f"It is a list page{region}, last asked at {_time(known.last_at)} with {status}."
    if known.failures:
        yield f"It has failed {known.failures} times in a row."
    if known.completed_at is not None:
        yield f"Its last complete walk ended at {_time(known.completed_at)}."
    if known.walk_started_at is not None:
        resume = f", to go on at {known.resume_url}" if known.resume_url else ""
        yield f"A walk is open since {_time(known.walk_started_at)}{resume}."


def _of_page(known: PageState) -> str:
    status = "no answer" if known.last_status is None else f"HTTP {known.last_status}"
    asked = f"last asked at {_time(known.last_at)} with {status}"
    return f"It is a further page of list {known.list_url}, {asked}."


def _of_picture(picture: PictureRow, at: datetime) -> Iterator[str]:
    where = f"article {picture.article_id}, first in its version {picture.version}"
    yield f"It is a picture of {where}, noted at {_time(picture.noted_at)}."
    capture = picture.capture
    if capture is not None:
        there = "" if capture.fetched_url == picture.address else f" from {capture.fetched_url}"
        yield (
            f"It was fetched at {_time(capture.at)}{there}, {capture.type} of {capture.size} "
            f"bytes: {capture.warc.file}, offset {capture.warc.offset}."
        )
        return
    if picture.outcome is not None:
        yield f"Asked for at {_time(picture.at)} it ended as {picture.outcome}: {picture.detail}."
    if picture.retry_at is None:
        yield "It was given up: no run asks for it again."
    else:
        when = "by the next run" if picture.retry_at <= at else f"from {_time(picture.retry_at)} on"
        yield f"It is owed and will be asked for {when} that archives pictures."


def _of_host(ledger: Ledger, url: str, at: datetime) -> Iterator[str]:
    parts = urlsplit(url)
    for hold in ledger.hosts.holds(at):
        if hold.host == parts.hostname:
            yield f"Its host is left alone until {_time(hold.until)}: {hold.reason}."
    robots = ledger.hosts.robots(f"{parts.scheme}://{parts.netloc}", at)
    if robots is not None:
        status = "no answer" if robots.status is None else f"HTTP {robots.status}"
        yield f"Its host's robots.txt was asked for at {_time(robots.fetched_at)}: {status}."


def _meaning(outcome: Outcome, detail: str | None) -> str:
    return f"{outcome.meaning} ({detail})" if detail else outcome.meaning


def _time(moment: datetime | None) -> str:
    return "?" if moment is None else moment.strftime("%Y-%m-%d %H:%M:%S UTC")
