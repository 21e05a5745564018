"""The pages of one article: its text, its versions, their differences, its proof, the page as
archived, downloads and citations."""

from __future__ import annotations

import logging
import re
import sqlite3
import threading
import time
from contextlib import closing, contextmanager
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any

from starlette.responses import RedirectResponse, Response, StreamingResponse

from crawler.archive.decode import DecodeError
from crawler.archive.pointers import read_page
from crawler.archive.reader import WarcError
from crawler.clock import iso, now
from crawler.clusters.clusters import cluster_of
from crawler.clusters.index import CLUSTERS
from crawler.data_dir import clusters_file
from crawler.export_formats.wacz import page_wacz, page_warc
from crawler.items import VERSIONED_KEYS, WarcPointer
from crawler.line_index import LineIndexError
from crawler.pages.encoding import decode_text
from crawler.room.archive_reader import ArchivedArticle, MissingLineError
from crawler.room.citations import FORMS, as_text
from crawler.room.rendering import NUMBER, PageError, base_of, page, page_number, wants_json
from crawler.verification.jsonl_lines import verify_line
from crawler.views.placements import ArticlePlacements, placements_of
from crawler.views.text_diff import paragraphs_of, rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from starlette.requests import Request

    from crawler.ledger.rows import PictureRow, VersionRow
    from crawler.room.archive_reader import ArchivedLine, ArchiveReader, Event
    from crawler.views.text_diff import Row

logger = logging.getLogger(__name__)

_ID = re.compile(r"[0-9]{5,12}|[0-9a-f]{32}|[0-9a-f]{64}", re.ASCII)

# Characters of a value that a correction changed, as shown in the history.
_LONGEST_READING = 200

_MEDIA = (("images", "image"), ("videos", "video"), ("attachments", "attachment"))

# Articles of a cluster that are shown.
_MOST_OF_A_CLUSTER = 100

# Proofs at a time, and seconds to wait for one's turn.
_PROOFS = 2
_LONGEST_WAIT = 10.0

# A captured page may do nothing: no script, form, window or request, in an origin of its own.
CAPTURE_HEADERS = {
    "Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'",
    "X-Frame-Options": "SAMEORIGIN",
    "X-DNS-Prefetch-Control": "off",
    # The policy above doesn't cover connections made ahead of requests (dns-prefetch, preconnect).
    # Browsers that know this header (Chromium from 152) make none, and follow no link out of the
    # page either: https://wicg.github.io/connection-allowlists/
    "Connection-Allowlist": "(response-origin)",
}


class ArticlePages:
    """The pages of one article."""

    def __init__(self, archive: ArchiveReader) -> None:
        self._archive = archive
        self._proofs = threading.BoundedSemaphore(_PROOFS)

    def article(self, request: Request) -> Response:
        """The newest content of an article; as JSON the line that is its state."""
        article, is_suspected = self._article(request)
        if wants_json(request):
            return _json_line(article.line(article.state))
        if article.newest is None:
            raise PageError(404, "error_404")
        return self._article_page(request, article, article.newest, is_suspected=is_suspected)

    def version(self, request: Request) -> Response:
        """A version of an article."""
        article, is_suspected = self._article(request)
        number = _version(request, article)
        if wants_json(request):
            return _json_line(article.line(article.versions[number]))
        return self._article_page(request, article, number, is_suspected=is_suspected)

    def line(self, request: Request) -> Response:
        """The published line of a version, as its bytes stand in the file."""
        return _json_line(self._line(request))

    def citation(self, request: Request) -> Response:
        """A version as it is cited, in one of the forms."""
        form = request.path_params["form"]
        if form not in FORMS:
            raise PageError(404, "error_404")
        line = self._line(request)
        media_type, write = FORMS[form]
        name = f"xinhua-{line.record['id']}-{line.record['version']}.{form}"
        return Response(
            write(line.record, _here(request, line), now()),
            media_type=f"{media_type}; charset=utf-8",
            headers={"Content-Disposition": f'inline; filename="{name}"'},
        )

    def choose_diff(self, request: Request) -> Response:
        """From the form that asks for two versions to their address."""
        article_id = _id(request)
        a, b = (request.query_params.get(name, "") for name in ("a", "b"))
        if not (NUMBER.fullmatch(a) and NUMBER.fullmatch(b)):
            raise PageError(404, "error_404")
        return RedirectResponse(f"/articles/{article_id}/diff/{a}/{b}", 303)

    def diff(self, request: Request) -> Response:
        """Two versions side by side."""
        article, _ = self._article(request)
        a, b = (_version(request, article, name) for name in ("a", "b"))
        left, right = (article.line(article.versions[number]).record for number in (a, b))
        return page(
            request, "diff.html", id=article.id, a=a, b=b, title=right["title"],
            fetched_a=left["fetched_at"], fetched_b=right["fetched_at"],
            fields=differences(left, right),
        )  # fmt: skip

    def verify(self, request: Request) -> Response:
        """The proof of a version, made on the spot."""
        line = self._line(request)
        if not self._proofs.acquire(timeout=_LONGEST_WAIT):
            raise PageError(503, "error_503", "verify_busy")
        try:
            began = time.monotonic()
            proof = verify_line(
                line.path, line.number, line.offset, line.data, self._archive.data_dir
            )
            took = time.monotonic() - began
        finally:
            self._proofs.release()
        answer = page(
            request, "verify.html", version=line.record["version"], title=line.record["title"],
            here=_path(line), file=line.row.jsonl,
            number=line.number, warcs=pointers_of(line.record), findings=proof.findings,
            unproved=proof.unproved, fields=sorted(proof.fields), milliseconds=round(took * 1000),
            at=now(),
        )  # fmt: skip
        answer.headers["Cache-Control"] = "no-store"
        return answer

    def archived(self, request: Request) -> Response:
        """The page around the captured page: what it is, where it was, the downloads."""
        line = self._line(request)
        pointers, number = _pointer(request, line)
        problem = ""
        try:
            read_page(self._archive.data_dir, pointers[number - 1])
        except (WarcError, DecodeError) as error:
            problem = self._archive.told(error)
        here = _path(line)
        urls = line.record["page_urls"] or [line.record["url"]]
        return page(
            request, "archived.html", 503 if problem else 200, number=number, problem=problem,
            title=line.record["title"], here=here, url=urls[min(number, len(urls)) - 1],
            fetched_at=line.record["fetched_at"], frame=f"{here}/page?page={number}",
            pages=range(1, len(pointers) + 1) if len(pointers) > 1 else (),
            has_downloads=bool(pointers), pictures=len(self._shown(line.record)),
            all_pictures=len({image["url"] for image in line.record["images"]}),
        )  # fmt: skip

    def warc(self, request: Request) -> Response:
        """The captures of a version as a WARC."""
        return self._download(request, page_warc, "warc.gz", "application/warc")

    def wacz(self, request: Request) -> Response:
        """The same as a WACZ, which opens with that page."""
        return self._download(request, page_wacz, "wacz", "application/wacz")

    def _download(
        self,
        request: Request,
        pack: Callable[[Path, Mapping[str, Any], Sequence[WarcPointer]], Iterator[bytes]],
        ending: str,
        media_type: str,
    ) -> Response:
        line = self._line(request)
        record = line.record
        pictures = [row.capture.warc for row in self._shown(record) if row.capture]
        with self._damage_told():
            pieces = pack(self._archive.data_dir, record, pictures)
        name = f"xinhua-{record['id']}-{record['version']}.{ending}"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return StreamingResponse(pieces, media_type=media_type, headers=headers)

    @contextmanager
    def _damage_told(self) -> Iterator[None]:
        """Let bytes of the archive that are missing or damaged end in a page that says so."""
        try:
            yield
        except (WarcError, DecodeError) as error:
            said = self._archive.told(error)
            raise PageError(503, "error_503", "error_warc", said=said) from error

    def picture(self, request: Request) -> Response:
        """A picture of an article, its bytes untouched, where it can do nothing."""
        number = request.path_params["number"]
        captured = {
            str(row.number): row.capture for row in self._pictures(_id(request)) if row.capture
        }
        if number not in captured:
            raise PageError(404, "error_404", "error_404_text")
        capture = captured[number]
        with self._damage_told():
            body = read_page(self._archive.data_dir, capture.warc).body
        return Response(body, media_type=capture.type, headers=CAPTURE_HEADERS)

    def capture(self, request: Request) -> Response:
        """The captured page itself, its bytes untouched, where it can do nothing."""
        line = self._line(request)
        pointers, number = _pointer(request, line)
        with self._damage_told():
            captured = read_page(self._archive.data_dir, pointers[number - 1])
        encoding = decode_text(captured.body, captured.header("Content-Type"))[1].used
        return Response(
            captured.body, media_type=f"text/html; charset={encoding}", headers=CAPTURE_HEADERS
        )

    def _article_page(
        self, request: Request, article: ArchivedArticle, number: int, *, is_suspected: bool
    ) -> Response:
        row = article.versions[number]
        line = article.line(row)
        record = line.record
        restored = [one for one in article.rows if one.status == "restored"]
        placements = ArticlePlacements([], None)
        if record["first_seen_at"]:
            first_seen = datetime.fromisoformat(record["first_seen_at"])
            placements = placements_of(self._archive.data_dir, article.id, first_seen)
        return page(
            request, "article.html", id=article.id, line=record, shown=number,
            newest=article.newest, versions=list(article.versions), parts=parts_of(record),
            gone=article.withdrawal(), is_suspected=is_suspected,
            restored_at=iso(restored[-1].fetched_at) if restored else None,
            events=history_of(article, row), here=f"/articles/{article.id}/{number}",
            warcs=pointers_of(record), file=row.jsonl, number=line.number,
            line_sha256=row.line_sha256, has_downloads=bool(pointers_of(record)),
            pictures={row.url: row.number for row in self._shown(record)},
            placements=placements.shown, placements_unread=placements.unread_from,
            cluster=self._cluster(article.id),
            permanent=_here(request, line),
            citation=as_text(record, _here(request, line), now()),
        )  # fmt: skip

    def _cluster(self, article_id: str) -> list[dict[str, Any]]:
        """Who carried the same text, first of all who did so first; none where no list of copies
        was made, or it can't be read."""
        path = clusters_file(self._archive.data_dir)
        if not path.is_file():
            return []
        try:
            with closing(CLUSTERS.open(path)) as database:
                found = cluster_of(database, article_id)
        except (LineIndexError, sqlite3.Error) as error:
            logger.warning("%s", error)
            return []
        if found is None:
            return []
        texts = [("first", found.first), *((copy.relation, copy.text) for copy in found.copies)]
        return [
            {"text": text, "relation": relation, "is_own": text.article == article_id}
            for relation, text in texts[:_MOST_OF_A_CLUSTER]
        ]

    def _shown(self, line: Mapping[str, Any]) -> list[PictureRow]:
        """The archived pictures of a line."""
        urls = {image["url"] for image in line["images"] or ()}
        return [row for row in self._pictures(line["id"]) if row.capture and row.url in urls]

    def _pictures(self, article_id: str) -> list[PictureRow]:
        with self._archive.ledger() as ledger:
            return ledger.pictures.of_article(article_id)

    def _line(self, request: Request) -> ArchivedLine:
        article, _ = self._article(request)
        return article.line(article.versions[_version(request, article)])

    def _article(self, request: Request) -> tuple[ArchivedArticle, bool]:
        """The article of an address, and whether a withdrawal is suspected."""
        article_id = _id(request)
        with self._archive.ledger() as ledger:
            rows = ledger.articles.versions(article_id)
            known = ledger.articles.get(article_id)
        if not rows or known is None:
            raise PageError(404, "error_404", "error_404_text")
        return ArchivedArticle(rows, self._archive.lines), known.suspected_at is not None


def _id(request: Request) -> str:
    given: str = request.path_params["id"]
    if not _ID.fullmatch(given):
        raise PageError(404, "error_404", "error_404_text")
    return given


def _version(request: Request, article: ArchivedArticle, name: str = "version") -> int:
    given = request.path_params[name]
    if not NUMBER.fullmatch(given) or int(given) not in article.versions:
        raise PageError(404, "error_404", "error_404_text")
    return int(given)


def _pointer(request: Request, line: ArchivedLine) -> tuple[list[WarcPointer], int]:
    """The pointers of a version, and which of its pages is asked for."""
    pointers = [WarcPointer(**one) for one in pointers_of(line.record)]
    number = page_number(request)
    if number > len(pointers):
        raise PageError(404, "error_404", "error_no_capture" if not pointers else "error_404_text")
    return pointers, number


def _json_line(line: ArchivedLine) -> Response:
    return Response(line.data, media_type="application/json", headers={"Vary": "Accept"})


def _here(request: Request, line: ArchivedLine) -> str:
    """The permanent address of a version."""
    return base_of(request) + _path(line)


def _path(line: ArchivedLine) -> str:
    return f"/articles/{line.record['id']}/{line.record['version']}"


def parts_of(line: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Paragraphs, pictures, films and attachments in the order of the page: each with its `kind`,
    text as `text`, the others with `url`, `caption` and `credit`."""
    media = [
        (one["position"], {"kind": kind, "url": one["url"]} | _told(one))
        for key, kind in _MEDIA
        for one in line[key]
    ]
    parts: list[dict[str, Any]] = []
    for number, text in enumerate(line["paragraphs"]):
        parts += [part for position, part in media if position == number]
        parts.append({"kind": "text", "text": text})
    end = len(line["paragraphs"])
    return parts + [part for position, part in media if not 0 <= position < end]


def _told(one: Mapping[str, Any]) -> dict[str, Any]:
    return {"caption": one.get("caption") or one.get("title"), "credit": one.get("credit")}


def pointers_of(line: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The pointers of a line's pages, page 1 first; none for a withdrawal."""
    return list(line["warc_pages"] or ([line["warc"]] if line["warc"] else []))


def history_of(article: ArchivedArticle, shown: VersionRow) -> list[dict[str, Any]]:
    """The events of an article for its time line, oldest first."""
    return [_event(article, event, shown) for event in article.events]


def _event(article: ArchivedArticle, event: Event, shown: VersionRow) -> dict[str, Any]:
    corrects: Any = event.row.corrects if event.kind == "corrected" else None
    return {
        "kind": event.kind,
        "version": event.version,
        "at": event.at,
        "changed": event.changed,
        "is_shown": event.row is shown,
        "reason": corrects.get("reason") if corrects else None,
        "before": event.before if event.kind in {"first", "edited", "captured"} else None,
        "archive": event.row.archive,
        "readings": _readings(article, event) if corrects else [],
    }


def _readings(article: ArchivedArticle, event: Event) -> list[dict[str, str]]:
    """What a correction reads otherwise, with what the line it corrects had."""
    corrected = next(
        (r for r in article.rows if r.line == (event.row.corrects or {})["line"]), None
    )
    if corrected is None:
        before = [row for row in article.rows if row.version == event.version]
        corrected = before[max(before.index(event.row) - 1, 0)]
    try:
        old, new = article.line(corrected).record, article.line(event.row).record
    except MissingLineError:
        return []
    return [
        {"field": key, "before": _brief(old, key), "after": _brief(new, key)}
        for key in event.changed
        if key in new and key != "body"
    ]


def _brief(line: Mapping[str, Any], key: str) -> str:
    text = " / ".join(paragraphs_of(line, key))
    return text if len(text) <= _LONGEST_READING else text[:_LONGEST_READING] + "…"


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The fields in which two lines differ, each with blocks of paragraphs side by side: unchanged
    ones stand together."""
    found = []
    for key in VERSIONED_KEYS:
        old, new = paragraphs_of(before, key), paragraphs_of(after, key)
        if old != new:
            found.append({"name": key, "blocks": list(_blocks(rows(old, new)))})
    return found


def _blocks(of_rows: Iterator[Row]) -> Iterator[dict[str, Any]]:
    for is_same, group in groupby(of_rows, lambda row: row.kind == "same"):
        yield {"kind": "same" if is_same else "changed", "rows": list(group)}
