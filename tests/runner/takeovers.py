"""Runs of one region over one ledger on a server, struck between any two of their steps.

A step is whatever makes something durable: fsync, rename, replace, unlink, commit. A run is struck
before one of them: it is killed, so that nothing of it goes on, or stands still, while another one
takes its region over, and wakes. The site is a list and its articles; the lists change and articles
get versions from look to look. What the runs leave, each in its own folder, is judged together.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections import Counter
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import psycopg
from scrapy.settings import Settings
from sqlalchemy import make_url

from crawler import regions, settings, urls
from crawler.arguments import parse
from crawler.clock import iso, now
from crawler.data_dir import (
    images_of,
    in_order_of_seq,
    lines_of,
    manifests_of,
    part_of,
    sightings_of,
)
from crawler.items import as_line
from crawler.ledger.connection import LedgerConnection
from crawler.ledger.ledger import Ledger
from crawler.ledger.rows import Decision, PictureCapture, Placement, Sighting
from crawler.outcomes import Outcome, PictureOutcome
from crawler.run_lock import CannotStartError
from crawler.runner.run import Run
from crawler.storage import StorageError
from crawler.verification.sightings_and_pictures import (
    check_archived,
    check_shown,
    check_sightings,
)
from tests.archive.test_writer import exchange
from tests.ledger.conftest import line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import pytest

# The articles of Hebei are numbered from here on, those of Jiangsu from 1.
_OF_HE = 5000
JS, HE = ("js",), ("he",)


# Of which files a step is told to be.
_FOLDERS = frozenset({"jsonl", "warc", "sightings", "runs", "state"})
_NOTHING = "nothing"


class Killed(BaseException):
    """The process is gone."""


class Steps:
    """Counts the steps, and strikes before the n-th: kills, or does `meanwhile` and goes on. `log`
    says what each was, and of which file."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.log: list[str] = []
        self._at = 0
        self._said = _NOTHING
        self._meanwhile: Callable[[], None] | None = None
        self._is_counting = False
        for owner, name in (
            (os, "fsync"), (Path, "rename"), (Path, "replace"), (Path, "unlink"),
            (LedgerConnection, "commit"),
        ):  # fmt: skip
            monkeypatch.setattr(owner, name, self._counted(name, getattr(owner, name)))

    def _counted(self, name: str, function: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            if self._is_counting:
                path = args[0] if isinstance(args[0], Path) else Path()
                folder = next((one for one in path.parts if one in _FOLDERS), "")
                self.log.append(f"{name} {folder}")
                if (self._at and len(self.log) >= self._at) or self._said in self.log[-1]:
                    self._strike()
            return function(*args, **kwargs)

        return call

    def _strike(self) -> None:
        if self._meanwhile is None:  # nor does anything go on after it
            raise Killed
        meanwhile, self._at, self._is_counting = self._meanwhile, 0, False
        meanwhile()
        self._is_counting = True

    def begin(self, at: int = 0, meanwhile: Callable[[], None] | None = None) -> None:
        """Count from here on; strike before the step `at`, if it isn't 0."""
        self.log, self._at, self._meanwhile, self._is_counting = [], at, meanwhile, True
        self._said = _NOTHING

    def kill_after(self, more: int) -> None:
        """Kill before so many further steps are taken."""
        self._at, self._meanwhile = len(self.log) + more, None

    def kill_before(self, what: str) -> None:
        """Kill before the next step that is said to be this."""
        self._said, self._meanwhile = what, None

    def end(self) -> None:
        """Count and strike no more."""
        self._is_counting = False

    def after(self, what: str) -> int:
        """The number of the step after the last one that the log says to be this."""
        return 2 + max(number for number, said in enumerate(self.log) if what in said)


@dataclass
class World:
    """One ledger, and a site on its `day`-th day: the list of a region shows the articles of some
    days, and that of Hebei every other one of Jiangsu's besides, on its own host. Each has a second
    version from the day after it was new on. `told` is why runs couldn't begin."""

    url: str
    steps: Steps
    part_seconds: float = 0
    shown_for: int = 3
    day: int = 0
    told: list[str] = field(default_factory=list)
    runs: list[tuple[Path, Run]] = field(default_factory=list)
    looked_at: set[str] = field(default_factory=set)

    def shown(self, region: str) -> list[Sighting]:
        """What the list of a region shows today."""
        days = range(max(1, self.day - self.shown_for), self.day + 2)
        if region == "js":
            return [sighting(day, region) for day in days]
        return [
            sighting(number, region)
            for day in days
            for number in (_OF_HE + day, *([day] if day % 2 else []))
        ]

    def content(self, number: int) -> str:
        """The digest of an article's content today."""
        version = 2 if number % _OF_HE < self.day else 1
        return hashlib.sha256(f"{number}, {version}".encode()).hexdigest()

    # --- a run -----------------------------------------------------------------------------------

    def open(self, folder: Path, of: Sequence[str]) -> Run:
        """Begin a run of these regions in a folder. Raises CannotStartError."""
        folder.mkdir(exist_ok=True)
        given = Settings()
        given.setmodule(settings)
        given.setdict({"DATA_DIR": str(folder), "LEDGER": self.url, "LEASE_SECONDS": 120,
                       "PART_SECONDS": self.part_seconds, "ARCHIVE_IMAGES": True},
                      priority="cmdline")  # fmt: skip
        known = regions.load()
        run = Run.open(
            given, parse({"regions": ",".join(of)}, known), known,
            lock=os.open(folder, os.O_RDONLY), command="scrapy crawl xinhua",
        )  # fmt: skip
        run.reason = "finished"
        self.runs.append((folder, run))
        return run

    def look(self, run: Run) -> None:
        """Look at the lists, and fetch what is new on them, owed or changed."""
        for region in run._facts.arguments.regions:
            self.looked_at.add(region)
            self._look(run, region)

    def _look(self, run: Run, region: str) -> None:
        ledger, run_id, shown = run._ledger, run.run_id, self.shown(region)
        self._note_list(ledger, run_id, region, shown)
        owed = ledger.addresses.owed(run_id=run_id, at=now(), regions=[region], limit=99)
        sightings = shown + [one.sighting() for one in owed]
        decided = zip(
            sightings, ledger.addresses.see(sightings, run_id=run_id, at=now()), strict=True
        )
        wanted = [one.url for one, how in decided if how in (Decision.NEW, Decision.OWED)]
        changed = [
            row.canonical_url
            for row in ledger.articles.every(regions=[region], limit=99)
            if row.content_sha256 != self.content(number_of(row.id))
        ]
        wanted += ledger.addresses.recheck(changed, run_id=run_id)
        host = urlsplit(_list_of(region)).netloc
        ledger.hand_out(ledger.visits.still_open(run_id, host, after=0, limit=99))
        for url in dict.fromkeys(wanted):
            self._fetch(run, region, url)
        self._fetch_pictures(run, region)

    def _note_list(
        self, ledger: Ledger, run_id: str, region: str, sightings: Sequence[Sighting]
    ) -> None:
        before = {one.url: one for one in ledger.placements.of_list(_list_of(region))}
        shown = {one.url: Placement(one.url, one.title) for one in sightings}
        appeared = [one for url, one in shown.items() if url not in before]
        gone = [one for url, one in before.items() if url not in shown]
        ledger.placements.appeared(_list_of(region), appeared, at=now())
        ledger.placements.gone(_list_of(region), gone)
        lines = [_placed(region, "appeared", one, 1) for one in appeared]
        lines += [_placed(region, "gone", one, None) for one in gone]
        ledger.placements.add_lines(run_id, lines)

    def _fetch(self, run: Run, region: str, url: str) -> None:
        ledger, publisher, number = run._ledger, run.publisher, number_of(urls.article_id(url))
        article = ledger.articles.get(urls.article_id(url))
        content = self.content(number)
        if article and article.content_sha256 == content:
            publisher.end(url, Outcome.UNCHANGED)
            return
        at = now()
        pointer = run._archive.write(exchange(started_at=at, url=url))
        assert pointer
        version = 1 + ledger.articles.highest_version(urls.article_id(url))
        record = line(number, iso(at), url=url, canonical_url=url, id=urls.article_id(url),
            run_id=run.run_id, version=version, content_sha256=content, warc=asdict(pointer),
            line=publisher.next_line(), first_seen_at=iso(at),
            region={"code": region, "name": "", "adcode": ""},
            changed=["body"] if version > 1 else None, images=[{"url": f"{url}/{version}.jpg"}],
        )  # fmt: skip
        ledger.pictures.note_line(record, at=at)
        publisher.publish(record)
        publisher.end(url, Outcome.PUBLISHED if version == 1 else Outcome.CHANGED)

    def _fetch_pictures(self, run: Run, region: str) -> None:
        """Ask for what is owed: of first versions there are none."""
        ledger, at = run._ledger, now()
        asked = {"run_id": run.run_id, "at": at, "regions": [region], "after": None, "limit": 99}
        for picture in ledger.pictures.owed(**asked):
            if picture.version == 1:
                outcome = PictureOutcome.MISSING
                ledger.pictures.failed(picture, outcome, run_id=run.run_id, at=at, detail="404")
                continue
            pointer = run._archive.write(exchange(started_at=at, url=picture.url))
            assert pointer
            found = PictureCapture(at, picture.url, "image/jpeg", 9, "c" * 64, pointer)
            ledger.pictures.archived(picture, found, run_id=run.run_id)

    def checkpoint(self, run: Run) -> None:
        run.publisher.checkpoint()
        run._parts.publish_due()
        if run._parts._indexing:
            run._parts._indexing.exception()
            run._parts.publish_due()

    def struck(
        self,
        folder: Path,
        at: int,
        days: int = 3,
        meanwhile: Callable[[], None] | None = None,
        of: Sequence[str] = JS,
    ) -> bool:
        """A run of so many days that is struck before its step `at`; whether it was killed."""
        self.steps.begin(at, meanwhile)
        try:
            self.live(folder, days, of)
        except Killed:
            self.steps.end()
            self.killed(folder)
            return True
        finally:
            self.steps.end()
        return False

    def taken_over(self, folder: Path, of: Sequence[str] = JS) -> None:
        """Another run takes regions over, in this folder, when their leases are over."""
        self.end_leases()
        self.live(folder, 1, of)

    def live(self, folder: Path, days: int = 1, of: Sequence[str] = JS) -> int | None:
        """A whole run of so many days; its exit code, None where it couldn't begin."""
        try:
            run = self.open(folder, of)
        except CannotStartError as error:
            self.told.append(str(error))
            self._exit(folder)
            return None
        try:
            for _ in range(days):
                self.day += 1
                self.look(run)
                self.checkpoint(run)
            self.day += 1
            self.look(run)
        except StorageError as error:
            run.publisher.storage_failed(str(error))
        return run.close(has_failed=False)

    def _exit(self, folder: Path) -> None:
        """Let go what a process holds open in a folder that is there no more."""
        for descriptor in Path("/proc/self/fd").iterdir():
            with suppress(OSError):
                if descriptor.readlink().is_relative_to(folder / "state"):
                    os.close(int(descriptor.name))

    def killed(self, folder: Path) -> None:
        """What the kernel does when the process that was last in a folder is gone."""
        self._exit(folder)
        for where, run in self.runs:
            if where == folder:
                with suppress(Exception):
                    run._ledger.close()
        self.end_sessions()

    def end_sessions(self) -> None:
        """End those of all runs."""
        ours = "datname = current_database() AND starts_with(application_name, 'xinhua-archive')"
        with psycopg.connect(self.url.replace("+psycopg", ""), autocommit=True) as server:
            server.execute(
                f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE {ours}"
            )

    def end_leases(self) -> None:
        """Their time is over, as if so long had gone by."""
        expire = (
            "UPDATE leases SET until = 0 WHERE region IN"
            " (SELECT region FROM leases FOR UPDATE SKIP LOCKED)"
        )
        with psycopg.connect(self.url.replace("+psycopg", ""), autocommit=True) as server:
            if not server.execute(expire).rowcount:
                self.end_sessions()  # as whoever takes it would: it stands within its commit
                server.execute(expire)

    # --- what came of them -----------------------------------------------------------------------

    def faults(self, folders: list[Path], together: Path) -> Iterator[str]:
        """What is wrong with all that was published."""
        for folder in folders:
            yield from (f"{path.name} was left open" for path in folder.rglob("*.open"))
            shutil.copytree(folder, together, dirs_exist_ok=True)
        with closing(Ledger.at(make_url(self.url), fresh=False, read_only=True)) as ledger:
            yield from self._faults(together, ledger)

    def _faults(self, together: Path, ledger: Ledger) -> Iterator[str]:
        lines = [
            (path, record)
            for path in in_order_of_seq(together, lines_of(together))
            for record in map(json.loads, path.read_bytes().splitlines())
        ]
        versions = Counter((record["id"], record["version"]) for _, record in lines)
        contents = Counter((record["id"], record["content_sha256"]) for _, record in lines)
        for counts in (versions, contents):
            yield from (
                f"{key} is there {count} times" for key, count in counts.items() if count > 1
            )
        newest = {record["id"]: record for _, record in lines}
        for number in (
            start + day
            for region, start in (("js", 0), ("he", _OF_HE))
            if region in self.looked_at
            for day in range(1, self.day + 2)
        ):
            told = newest.get(sighting(number, "js").article_id)
            if told is None:
                yield f"{number} is lost"
            elif told["content_sha256"] != self.content(number):
                yield f"of {number} the last version is missing"
        known = Counter(
            (row.article_id, row.line_sha256, row.jsonl)
            for article_id in newest
            for row in ledger.articles.versions(article_id)
        )
        there = Counter(
            (record["id"], hashlib.sha256(as_line(record)).hexdigest(),
             path.relative_to(together).as_posix())
            for path, record in lines
        )  # fmt: skip
        yield from (f"the ledger alone knows {key}" for key in known - there)
        yield from (f"the ledger doesn't know {key}" for key in there - known)
        told = [json.loads(path.read_bytes()) for path in manifests_of(together)]
        seqs = sorted(one["seq"] for one in told)
        if seqs != list(range(1, len(seqs) + 1)):
            yield f"the publications are numbered {seqs}"
        if {one.path for one in ledger.publications.after(0)} != {
            path.relative_to(together).as_posix() for path in manifests_of(together)
        }:
            yield "the ledger knows other publications"
        listed = Counter(
            row["path"]
            for path in manifests_of(together) if part_of(path.name) is None
            for row in json.loads(path.read_bytes())["files"]
        )  # fmt: skip
        names = {
            path.relative_to(together).as_posix()
            for folder in ("jsonl", "warc", "sightings", "images")
            for path in together.glob(f"{folder}/*/*/*")
            if path.suffix != ".open"
        }
        yield from (
            f"{name} is listed {count} times" for name, count in listed.items() if count > 1
        )
        yield from (f"{name} is in no report" for name in names - listed.keys())
        yield from (f"{name} is listed, and isn't there" for name in listed.keys() - names)
        for row in ledger.runs.unfinished():
            yield f"run {row.run_id} has no end"
        report = check_sightings(in_order_of_seq(together, sightings_of(together)), is_whole=True)
        yield from (f"sightings: {one.file.name}: {one.message}" for one in report.findings)
        yield from (one.message for one in check_shown(report, ledger, together))
        images = images_of(together)
        yield from (one.message for one in check_archived(images, ledger, together))
        asked = Counter(
            (told["url"], told["at"])
            for path in images
            for told in map(json.loads, path.read_bytes().splitlines())
        )
        yield from (f"{key} was asked for {n} times" for key, n in asked.items() if n > 1)


def sighting(number: int, region: str) -> Sighting:
    """An article on the host of a region."""
    url = f"http://www.{region}.xinhuanet.com/2025-12/31/c_112{number:07}.htm"
    return Sighting(url, urls.article_id(url), region, None, _list_of(region), 1, f"{number}")


def number_of(article_id: str) -> int:
    """The number of an article of the site."""
    return int(article_id[3:])


def _list_of(region: str) -> str:
    return f"http://www.{region}.xinhuanet.com/yw.htm"


def _placed(
    region: str, event: str, one: Placement, position: int | None
) -> tuple[str, dict[str, Any]]:
    at = iso(now())
    keys = {
        "event": event, "at": at, "list": _list_of(region), "region": region, "page": 1,
        "url": one.url, "headline": one.headline, "position": position, "time_shown": None,
        "last_shown_at": None,
    }  # fmt: skip
    return urls.article_id(one.url), keys
