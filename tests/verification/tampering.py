"""Data folders changed after the fact, in one way each, by somebody who tidies up behind him.

In: a folder that `history.make_history` made. TAMPERINGS holds what is done to it, the code that
`verify` must give, and whether it is seen without the ledger too. Files that were changed are
described anew in their manifest, so that no digest gives them away.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crawler.archive.cdxj import index_path
from crawler.archive.compression import members
from crawler.items import as_line
from tests.verification.history import EDITED, RETURNED, STANDING, WITHDRAWN

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# The runs, by what they met.
FIRST, MISSING, GONE, BACK, LAST = range(5)


@dataclass
class Folder:
    """A data folder to be changed."""

    data_dir: Path

    def report(self, run: int) -> Path:
        return sorted(self.data_dir.glob("runs/*.json"))[run]

    def file(self, run: int, ending: str) -> Path:
        folder = "jsonl" if ending == ".jsonl" else "warc"
        (path,) = self.data_dir.glob(f"{folder}/*/*/xinhua-{self.report(run).stem}*{ending}")
        return path

    def told(self, run: int) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.report(run).read_bytes())
        return told

    def tell(self, run: int, **values: Any) -> None:
        self.report(run).write_text(json.dumps(self.told(run) | values, ensure_ascii=False))

    def lines(self, run: int) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.file(run, ".jsonl").read_bytes().splitlines()]

    def write(self, run: int, lines: list[dict[str, Any]]) -> None:
        self.file(run, ".jsonl").write_bytes(b"".join(map(as_line, lines)))
        self.describe()

    def line(self, run: int, article_id: str) -> dict[str, Any]:
        return next(line for line in self.lines(run) if line["id"] == article_id)

    def change(self, run: int, article_id: str, **values: Any) -> None:
        """Give a line other values."""
        lines = self.lines(run)
        for line in lines:
            if line["id"] == article_id:
                line.update(values)
        self.write(run, lines)

    def move_counts(self, run: int, old: str, new: str, number: int = 1) -> None:
        """Count addresses as another outcome, in the sums and in their region."""
        told = self.told(run)
        for counts in (told["outcomes"], told["regions"]["js"]):
            counts[old] -= number
            counts[new] = counts.get(new, 0) + number
        self.tell(run, outcomes=told["outcomes"], regions=told["regions"])

    def move(self, run: int, ending: str, to: str) -> None:
        """Put a file elsewhere and have the manifest say so."""
        old = self.file(run, ending)
        new = self.data_dir / to / old.name
        new.parent.mkdir(parents=True, exist_ok=True)
        old.rename(new)
        told = self.told(run)
        for row in told["files"]:
            if row["path"] == old.relative_to(self.data_dir).as_posix():
                row["path"] = new.relative_to(self.data_dir).as_posix()
        self.tell(run, files=told["files"])

    def describe(self) -> None:
        """Bring digests, sizes and counts of all manifests up to date."""
        for number in range(len(list(self.data_dir.glob("runs/*.json")))):
            told = self.told(number)
            for row in told["files"]:
                path = self.data_dir / row["path"]
                if path.is_file():
                    row |= described(path)
            self.tell(number, files=told["files"])

    def sql(self, statement: str, *values: Any) -> None:
        """Change the ledger."""
        with closing(sqlite3.connect(self.data_dir / "state" / "ledger.sqlite")) as database:
            changed = database.execute(statement, values)
            assert changed.rowcount > 0, statement
            database.commit()


def described(path: Path) -> dict[str, Any]:
    """What a manifest says of a file."""
    data = path.read_bytes()
    records = data.count(b"\n")
    if path.suffix == ".gz":
        with path.open("rb") as file:
            records = sum(1 for _ in members(file))
    digest = hashlib.sha256(data).hexdigest()
    return {"sha256": digest, "bytes": len(data), "records": records}


@dataclass(frozen=True)
class Tampering:
    """`code` is what `verify` says of it; `in_copy`: also where the folder has no ledger."""

    spoil: Callable[[Folder], None]
    code: str
    in_copy: bool = True


TAMPERINGS: dict[str, Tampering] = {}

Spoil = "Callable[[Folder], None]"


def tampering(code: str, *, in_copy: bool = True) -> Callable[[Spoil], Spoil]:
    """Take a function in under its name."""

    def add(spoil: Callable[[Folder], None]) -> Callable[[Folder], None]:
        TAMPERINGS[spoil.__name__] = Tampering(spoil, code, in_copy)
        return spoil

    return add


def also(name: str, code: str, spoil: Callable[[Folder], None], *, in_copy: bool = True) -> None:
    TAMPERINGS[name] = Tampering(spoil, code, in_copy)


# --- lines -------------------------------------------------------------------------------------


@tampering("missing_line")
def line_gone(folder: Folder) -> None:
    folder.write(BACK, [line for line in folder.lines(BACK) if line["id"] != EDITED[0]])


@tampering("missing_line", in_copy=False)
def line_gone_and_counts_with_it(folder: Folder) -> None:
    """An article that has but this line: without signatures a copy can't tell."""
    folder.write(FIRST, [line for line in folder.lines(FIRST) if line["id"] != STANDING])
    folder.move_counts(FIRST, "published", "pending")


@tampering("history_mismatch")
def version_gone_and_counts_with_it(folder: Folder) -> None:
    folder.write(BACK, [line for line in folder.lines(BACK) if line["id"] != EDITED[0]])
    folder.move_counts(BACK, "changed", "unchanged")


@tampering("duplicate_line")
def line_doubled(folder: Folder) -> None:
    lines = folder.lines(FIRST)
    folder.write(FIRST, [*lines, lines[0]])
    folder.move_counts(FIRST, "published", "published", 0)


@tampering("duplicate_line")
def line_in_two_files(folder: Folder) -> None:
    folder.write(LAST, [*folder.lines(LAST), folder.line(FIRST, STANDING)])


@tampering("history_mismatch")
def line_in_another_run(folder: Folder) -> None:
    line = folder.line(FIRST, STANDING)
    folder.write(FIRST, [one for one in folder.lines(FIRST) if one["id"] != STANDING])
    folder.write(LAST, [*folder.lines(LAST), line])


@tampering("manifest_mismatch")
def line_of_another_run(folder: Folder) -> None:
    """With that run's id, but the captures of its own."""
    line = folder.line(FIRST, STANDING) | {"run_id": folder.told(LAST)["run_id"]}
    folder.write(FIRST, [one for one in folder.lines(FIRST) if one["id"] != STANDING])
    folder.move_counts(FIRST, "published", "pending")
    folder.write(LAST, [*folder.lines(LAST), line])
    folder.move_counts(LAST, "unchanged", "published")


@tampering("line_mismatch")
def line_under_another_id(folder: Folder) -> None:
    folder.change(FIRST, STANDING, id="114623745")


@tampering("line_mismatch")
def title_under_the_name_of_another_extractor(folder: Folder) -> None:
    folder.change(FIRST, STANDING, title="另一个标题", extractor_version="0.0.1+0")


@tampering("duplicate_line")
def line_with_the_key_of_another(folder: Folder) -> None:
    folder.change(BACK, EDITED[0], line=folder.line(FIRST, STANDING)["line"])


@tampering("history_mismatch")
def line_with_the_key_of_another_run(folder: Folder) -> None:
    folder.change(FIRST, STANDING, line="20260831T160102Z-0000:1")


@tampering("history_mismatch")
def line_numbered_before_the_one_before_it(folder: Folder) -> None:
    *_, last = folder.lines(FIRST)
    folder.change(FIRST, last["id"], line=f"{last['run_id']}:1")


@tampering("history_mismatch")
def line_that_corrects_nothing(folder: Folder) -> None:
    corrects = {"line": None, "keys": ["title"], "reason": "x"}
    folder.change(FIRST, STANDING, revision=1, corrects=corrects)


@tampering("bad_line")
def line_of_an_unknown_schema(folder: Folder) -> None:
    folder.change(FIRST, STANDING, schema_version=3)


@tampering("bad_line")
def line_with_the_keys_of_another_schema(folder: Folder) -> None:
    folder.change(FIRST, STANDING, schema_version=1)


for _key, _untrue in (("line", None), ("version", 2), ("source", "另一家"), ("published_at", None)):
    also(
        f"last_{_key}_of_a_withdrawn_page", "history_mismatch",
        lambda folder, last={_key: _untrue}: _tell_last(folder, last),
    )  # fmt: skip


def _tell_last(folder: Folder, last: dict[str, Any]) -> None:
    gone = folder.line(GONE, WITHDRAWN[0])["gone"]
    folder.change(GONE, WITHDRAWN[0], gone=gone | {"last": gone["last"] | last})


# --- files -------------------------------------------------------------------------------------


@tampering("misplaced_file")
def jsonl_in_another_month(folder: Folder) -> None:
    folder.move(FIRST, ".jsonl", "jsonl/2026/07")


@tampering("misplaced_file")
def jsonl_beside_the_months(folder: Folder) -> None:
    folder.move(FIRST, ".jsonl", "jsonl/2026")


@tampering("misplaced_file")
def jsonl_at_the_top(folder: Folder) -> None:
    path = folder.file(FIRST, ".jsonl")
    path.rename(folder.data_dir / path.name)


@tampering("misplaced_file")
def jsonl_among_the_warcs(folder: Folder) -> None:
    folder.move(FIRST, ".jsonl", "warc/2026/08")


@tampering("misplaced_file")
def jsonl_doubled_in_another_month(folder: Folder) -> None:
    path = folder.file(FIRST, ".jsonl")
    copy = folder.data_dir / "jsonl/2026/10" / path.name
    copy.parent.mkdir()
    shutil.copy(path, copy)


@tampering("bad_manifest")
def jsonl_under_another_name(folder: Folder) -> None:
    path = folder.file(FIRST, ".jsonl")
    new = path.with_name("xinhua-20260831T160102Z-0000.jsonl")
    path.rename(new)
    told = folder.told(FIRST)
    for row in told["files"]:
        row["path"] = row["path"].replace(path.name, new.name)
    folder.tell(FIRST, files=told["files"])


@tampering("misplaced_file")
def warc_in_another_month(folder: Folder) -> None:
    for ending in (".warc.gz", ".cdxj"):
        folder.move(FIRST, ending, "warc/2026/10")
    lines = folder.lines(FIRST)
    for line in lines:
        for pointer in (line["warc"], *line["warc_pages"]):
            pointer["file"] = pointer["file"].replace("/08/", "/10/")
    folder.write(FIRST, lines)


@tampering("duplicate_id")
def warc_doubled(folder: Folder) -> None:
    """Under the next serial, with its index, in the manifest."""
    told = folder.told(FIRST)
    path = folder.file(FIRST, ".warc.gz")
    for old in (path, index_path(path)):
        new = old.with_name(old.name.replace("-00000", "-00001"))
        shutil.copy(old, new)
        row = next(one for one in told["files"] if one["path"].endswith(old.name))
        told["files"].append(row | {"path": row["path"].replace(old.name, new.name)})
    folder.tell(FIRST, files=told["files"])


@tampering("duplicate_id")
def record_in_two_warcs(folder: Folder) -> None:
    """Its exchange, at the end of another run's file, which its manifest describes."""
    source, target = folder.file(FIRST, ".warc.gz"), folder.file(LAST, ".warc.gz")
    with source.open("rb") as file:
        spans = [(one.offset, one.length) for one in members(file)]
    data = source.read_bytes()
    exchange = b"".join(data[offset : offset + length] for offset, length in spans[1:4])
    target.write_bytes(target.read_bytes() + exchange)
    folder.describe()


# --- runs --------------------------------------------------------------------------------------


def _remove_run(folder: Folder, run: int) -> None:
    for row in folder.told(run)["files"]:
        (folder.data_dir / row["path"]).unlink()
    folder.report(run).unlink()


also("run_gone", "missing_report", lambda folder: _remove_run(folder, MISSING))
also("last_run_gone", "missing_line", lambda folder: _remove_run(folder, LAST), in_copy=False)
also("report_gone", "missing_report", lambda folder: folder.report(LAST).unlink())


@tampering("bad_manifest")
def report_doubled(folder: Folder) -> None:
    path = folder.report(FIRST)
    shutil.copy(path, path.with_name("20260831T160102Z-0000.json"))


@tampering("bad_manifest")
def report_under_another_name(folder: Folder) -> None:
    path = folder.report(FIRST)
    path.rename(path.with_name("20260831T160102Z-0000.json"))


@tampering("misplaced_file")
def report_in_a_folder(folder: Folder) -> None:
    path = folder.report(FIRST)
    (path.parent / "2026").mkdir()
    path.rename(path.parent / "2026" / path.name)


@tampering("not_in_ledger")
def run_invented(folder: Folder) -> None:
    told = folder.told(LAST) | {
        "run_id": "20261001T000000Z-0000", "files": [], "urls_seen": 0, "outcomes": {},
        "regions": {}, "started_at": "2026-10-01T00:00:00Z",
        "finished_at": "2026-10-01T00:00:01Z",
    }  # fmt: skip
    (folder.data_dir / "runs" / "20261001T000000Z-0000.json").write_text(json.dumps(told))


# --- manifests ---------------------------------------------------------------------------------


@tampering("bad_manifest")
def outcome_changed(folder: Folder) -> None:
    told = folder.told(FIRST)
    folder.tell(FIRST, outcomes=told["outcomes"] | {"published": 7})


@tampering("bad_manifest")
def outcomes_changed_but_not_in_their_region(folder: Folder) -> None:
    told = folder.told(LAST)["outcomes"]
    told["unchanged"], told["known"] = told["unchanged"] - 1, 1
    folder.tell(LAST, outcomes=told)


@tampering("manifest_mismatch")
def outcomes_of_lines_changed_together(folder: Folder) -> None:
    folder.move_counts(BACK, "changed", "published")


@tampering("ledger_mismatch", in_copy=False)
def outcomes_without_lines_changed_together(folder: Folder) -> None:
    folder.move_counts(LAST, "unchanged", "not_modified")


@tampering("bad_manifest")
def region_changed(folder: Folder) -> None:
    told = folder.told(FIRST)["regions"]
    told["js"]["published"] += 1
    folder.tell(FIRST, regions=told)


@tampering("bad_manifest")
def outcome_below_nothing(folder: Folder) -> None:
    folder.move_counts(LAST, "changed", "known", 5)


@tampering("bad_manifest")
def outcome_invented(folder: Folder) -> None:
    folder.move_counts(LAST, "unchanged", "forgotten")


@tampering("bad_manifest")
def outcomes_left_out(folder: Folder) -> None:
    told = folder.told(LAST)
    del told["outcomes"]
    folder.report(LAST).write_text(json.dumps(told))


@tampering("bad_manifest")
def file_listed_by_another_run(folder: Folder) -> None:
    moved = [row for row in folder.told(LAST)["files"] if row["path"].endswith(".jsonl")]
    kept = [row for row in folder.told(LAST)["files"] if row not in moved]
    folder.tell(LAST, files=kept)
    folder.tell(FIRST, files=[*folder.told(FIRST)["files"], *moved])


def _tell(run: int, **values: Any) -> Callable[[Folder], None]:
    return lambda folder: folder.tell(run, **values)


for _name, _values in {
    "run_of_another_id": {"run_id": "20260924T000000Z-0000"},
    "begun_earlier": {"started_at": "2026-09-23T00:00:00Z"},
    "ended_before_it_began": {"finished_at": "2026-09-23T00:00:00Z"},
    "alarm_and_exit_0": {"alarms": ["a region is quiet"], "exit_code": 0},
    "exit_3_without_alarm": {"exit_code": 3, "alarms": []},
    "killed_and_has_an_exit_code": {"reason": "killed"},
}.items():
    also(_name, "bad_manifest", _tell(LAST, **_values))
for _name, _values in {
    "ended_later": {"finished_at": "2026-12-01T00:00:00Z"},
    "exit_code_changed": {"exit_code": 5},
    "command_changed": {"command": "scrapy crawl xinhua"},
}.items():
    also(_name, "ledger_mismatch", _tell(LAST, **_values), in_copy=False)


# --- histories ---------------------------------------------------------------------------------


def _change(run: int, article_id: str, **values: Any) -> Callable[[Folder], None]:
    return lambda folder: folder.change(run, article_id, **values)


for _name, _spoil in {
    "version_skipped": _change(BACK, EDITED[0], version=3),
    "version_repeated": _change(LAST, EDITED[0], version=2),
    "previous_sha256_changed": _change(LAST, EDITED[0], previous_sha256="0" * 64),
    "changed_names_another_field": _change(LAST, EDITED[0], changed=["editors"]),
    "changed_names_no_field": _change(LAST, EDITED[0], changed=["body", "summary"]),
    "nothing_changed": _change(LAST, EDITED[0], changed=[]),
    "also_at_out_of_order": _change(
        FIRST, STANDING, also_at=["http://js.news.cn/b", "http://js.news.cn/a"]
    ),
    "also_at_its_own_address": lambda folder: folder.change(
        FIRST, STANDING, also_at=[folder.line(FIRST, STANDING)["canonical_url"]]
    ),
    "also_at_lost": _change(FIRST, EDITED[0], also_at=["http://js.news.cn/a"]),
    "seen_after_it_was_fetched": _change(FIRST, STANDING, first_seen_at="2026-09-02T00:00:00Z"),
    "seen_at_another_time": _change(LAST, EDITED[0], first_seen_at="2026-08-01T00:00:00Z"),
    "restored_and_never_gone": _change(LAST, EDITED[0], status="restored"),
    "live_again_and_not_restored": _change(BACK, RETURNED, status="live"),
    "gone_of_another_version": _change(GONE, RETURNED, version=2),
}.items():
    also(_name, "history_mismatch", _spoil)


@tampering("history_mismatch")
def first_seen_after_all_of_it(folder: Folder) -> None:
    folder.change(FIRST, STANDING, first_seen_at="2026-09-30T00:00:00Z")


# --- gone records ------------------------------------------------------------------------------


def _invent(folder: Folder, looks: list[dict[str, Any]]) -> None:
    """A gone record of an article that stands, in the last run, with its outcome."""
    model, run_id = folder.line(GONE, RETURNED), folder.told(LAST)["run_id"]
    live = folder.line(FIRST, STANDING)
    kept = ("id", "url", "canonical_url", "also_at", "region", "title", "first_seen_at")
    gone = {
        "reason": looks[-1]["reason"], "first_observed_at": looks[0]["at"],
        "confirmed_at": looks[-1]["at"], "observations": looks,
    }  # fmt: skip
    line = model | {key: live[key] for key in kept}
    line |= {
        "gone": gone, "run_id": run_id, "fetched_at": looks[-1]["at"],
        "previous_sha256": live["content_sha256"],
    }  # fmt: skip
    folder.write(LAST, [*folder.lines(LAST), line])
    folder.move_counts(LAST, "unchanged", "gone")


@tampering("line_mismatch")
def gone_invented_on_looks_that_found_it(folder: Folder) -> None:
    live = folder.line(FIRST, STANDING)
    look = {"at": live["fetched_at"], "status": 200, "reason": "emptied", "warc": live["warc"]}
    _invent(folder, [look, look])


@tampering("line_mismatch")
def gone_invented_on_looks_at_another(folder: Folder) -> None:
    _invent(folder, folder.line(GONE, RETURNED)["gone"]["observations"])


@tampering("line_mismatch")
def gone_invented_without_records(folder: Folder) -> None:
    looks = folder.line(GONE, RETURNED)["gone"]["observations"]
    _invent(folder, [look | {"warc": None} for look in looks])


def _look(number: int, **values: Any) -> Callable[[Folder], None]:
    """Change one of the looks that a gone record rests on."""

    def spoil(folder: Folder) -> None:
        gone = folder.line(GONE, RETURNED)["gone"]
        gone["observations"][number] |= values
        folder.change(GONE, RETURNED, gone=gone)

    return spoil


for _name, _spoil in {
    "look_of_another_status": _look(0, status=410),
    "look_of_another_time": _look(0, at="2026-09-05T00:00:00Z"),
    "look_for_another_reason": _look(-1, reason="soft_404"),
    "look_without_record": _look(0, warc=None),
    "gone_with_a_text": _change(GONE, RETURNED, body="还在"),
    "gone_at_another_time": _change(GONE, RETURNED, fetched_at="2026-09-10T04:04:04Z"),
}.items():
    also(_name, "line_mismatch", _spoil)


@tampering("line_mismatch")
def look_at_another_article(folder: Folder) -> None:
    other = folder.line(GONE, WITHDRAWN[1])["gone"]["observations"][0]["warc"]
    _look(0, warc=other, status=200)(folder)


@tampering("line_mismatch")
def only_one_look(folder: Folder) -> None:
    gone = folder.line(GONE, RETURNED)["gone"]
    del gone["observations"][0]
    gone["first_observed_at"] = gone["observations"][0]["at"]
    folder.change(GONE, RETURNED, gone=gone)


@tampering("history_mismatch")
def gone_under_another_title(folder: Folder) -> None:
    folder.change(GONE, RETURNED, title="另一个标题")


# --- the ledger --------------------------------------------------------------------------------


def _set(table: str, column: str, value: Any, where: str) -> Callable[[Folder], None]:
    return lambda folder: folder.sql(f"UPDATE {table} SET {column} = ? WHERE {where}", value)


_OF_STANDING = f"article_id = '{STANDING}'"
_OF_RETURNED = f"article_id = '{RETURNED}' AND status = 'gone'"
_LEDGER: dict[str, dict[str, tuple[str, Any]]] = {
    "versions": {
        "version": (_OF_STANDING, 2),
        "status": (_OF_STANDING, "restored"),
        "fetched_at": (_OF_STANDING, "2026-08-30T00:00:00Z"),
        "title": (_OF_STANDING, "另一个标题"),
        "content_sha256": (_OF_STANDING, "0" * 64),
        "extractor_version": (_OF_STANDING, "0.0.1+0"),
        "changed": (_OF_STANDING, '["body"]'),
        "warc_pages": (_OF_STANDING, "[]"),
        "jsonl": (_OF_STANDING, "jsonl/2026/08/xinhua-20260831T160102Z-0000.jsonl"),
        "line_sha256": (_OF_STANDING, "0" * 64),
        "run_id": (_OF_STANDING, "20260831T160102Z-0000"),
        "line": (_OF_STANDING, "20260831T160102Z-0000:1"),
        "revision": (_OF_STANDING, 1),
        "corrects": (_OF_STANDING, '{"line": null, "keys": ["title"], "reason": "x"}'),
        "source": (_OF_STANDING, "另一家"),
    },
    "articles": {
        "url": (_OF_STANDING, "http://js.news.cn/a"),
        "canonical_url": (_OF_STANDING, "http://js.news.cn/a"),
        "region": (_OF_STANDING, "he"),
        "status": (_OF_STANDING, "gone"),
        "state_at": (_OF_STANDING, "2026-08-30T00:00:00Z"),
        "suspected_at": (_OF_STANDING, "2026-08-30T00:00:00Z"),
        "version": (_OF_STANDING, 2),
        "number": (f"article_id = '{EDITED[0]}'", 1),
        "content_sha256": (_OF_STANDING, "0" * 64),
        "published_at": (_OF_STANDING, "2020-01-01T00:00:00+08:00"),
        "first_seen_at": (_OF_STANDING, "2026-08-30T00:00:00Z"),
        "last_checked_at": (_OF_STANDING, "2026-08-30T00:00:00Z"),
        "etag": (_OF_STANDING, '"x"'),
        "last_modified": (_OF_STANDING, "Mon, 05 Jan 2026 03:45:00 GMT"),
    },
    "addresses": {
        "url": (_OF_STANDING, "http://www.js.xinhuanet.com/2013-02/02/c_114623744.htm"),
        "article_id": (_OF_STANDING, "114623745"),
        "found_on": (_OF_STANDING, "http://js.news.cn/"),
        "position": (_OF_STANDING, 77),
        "title": (_OF_STANDING, "另一条"),
        "first_seen_at": (_OF_STANDING, "2026-08-30T00:00:00Z"),
    },
    "observations": {
        "status": (f"article_id = '{RETURNED}' AND status = 404", 410),
        "reason": (f"article_id = '{RETURNED}' AND status = 404", "soft_404"),
        "at": (f"article_id = '{RETURNED}' AND at LIKE '2026-09-09%'", "2026-09-09T00:00:00Z"),
        "warc": (f"article_id = '{RETURNED}' AND status = 404", "[]"),
    },
    "runs": {
        "started_at": ("exit_code = 0", "2026-08-30T00:00:00Z"),
        "command": ("exit_code = 0", "scrapy crawl xinhua"),
        "finished_at": ("exit_code = 0", "2026-12-01T00:00:00Z"),
        "exit_code": ("exit_code = 0", 3),
        "reason": ("exit_code = 0", "shutdown"),
        "counts": ("exit_code = 0", "{}"),
        "run_id": ("run_id LIKE '20260831%'", "20260831T160102Z-0000"),
    },
    "visits": {
        "outcome": (_OF_STANDING, "published"),
        "region": (_OF_STANDING, "he"),
    },
    "lists": {"warc": ("warc IS NOT NULL", '[{"file": "warc/x"}]')},
}  # fmt: skip
for _table, _columns in _LEDGER.items():
    for _column, (_where, _value) in _columns.items():
        _code = "missing_report" if (_table, _column) == ("runs", "run_id") else "ledger_mismatch"
        _spoil = _set(_table, _column, _value, _where)
        also(f"ledger_{_table}_{_column}", _code, _spoil, in_copy=False)

_COPIED = """
INSERT INTO versions (article_id, number, version, status, fetched_at, changed, warc_pages, jsonl,
line_sha256, run_id)
SELECT article_id, 9, 2, status, '2026-09-20T00:00:00Z', changed, warc_pages, jsonl, '0', run_id
FROM versions WHERE article_id = ?
"""
for _name, _code, _statement in (
    ("ledger_version_lost", "not_in_ledger", "DELETE FROM versions WHERE article_id = ?"),
    ("ledger_version_invented", "missing_line", _COPIED),
    ("ledger_article_lost", "ledger_mismatch", "DELETE FROM articles WHERE article_id = ?"),
    ("ledger_address_lost", "ledger_mismatch", "DELETE FROM addresses WHERE article_id = ?"),
    ("ledger_visit_lost", "ledger_mismatch", "DELETE FROM visits WHERE article_id = ?"),
):
    also(
        _name, _code,
        lambda folder, statement=_statement: folder.sql(statement, STANDING),
        in_copy=False,
    )  # fmt: skip


@tampering("not_in_ledger", in_copy=False)
def ledger_run_lost(folder: Folder) -> None:
    folder.sql("DELETE FROM runs WHERE run_id = ?", folder.report(FIRST).stem)


@tampering("ledger_mismatch", in_copy=False)
def ledger_address_published_without_a_line(folder: Folder) -> None:
    folder.sql(
        "INSERT INTO addresses (url, article_id, first_seen_at, attempts, result, result_at)"
        " VALUES (?, ?, ?, 0, 'published', ?)",
        "http://www.js.xinhuanet.com/2017-01/01/c_1120000000.htm", "1120000000",
        "2026-09-01T00:00:00Z", "2026-09-01T00:00:00Z",
    )  # fmt: skip


@tampering("ledger_missing", in_copy=False)
def ledger_gone(folder: Folder) -> None:
    for path in (folder.data_dir / "state").glob("ledger.sqlite*"):
        path.unlink()
