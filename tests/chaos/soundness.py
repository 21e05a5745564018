"""What must hold of a data folder after any history of crashes: checked from outside.

In: the folder, no run under way. Out: what is wrong, in sentences; nothing wrong is [].
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed

from crawler import extraction
from crawler.archive.pointers import read_page
from crawler.archive.reader import WarcError
from crawler.data_dir import manifests_of, reports_of
from crawler.items import HISTORY_KEYS, WarcPointer, as_record
from crawler.ledger.ledger import Ledger
from tests.processes import defects

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


def faults_of(data_dir: Path) -> list[str]:
    """Everything that is wrong with what the runs left in `data_dir`."""
    return [
        *(f"{path.name} was left open" for path in data_dir.rglob("*.open")),
        *_archives(data_dir),
        *_lines(data_dir),
        *_reports(data_dir),
        *_ledger(data_dir),
        *(f"verify: {finding}" for finding in defects(data_dir)),
    ]


def lines_of(data_dir: Path) -> list[dict[str, Any]]:
    """All published records, in the order of publication; those of before there was a `seq` first.
    Runs that began in one second have ids in any order."""
    seqs: dict[str, int] = {}
    for manifest in manifests_of(data_dir):
        told = json.loads(manifest.read_bytes())
        for row in told["files"]:  # a part's manifest stands before the report
            seqs.setdefault(row["path"], told.get("seq", 0))

    def published(path: Path) -> tuple[int, str]:
        return seqs.get(path.relative_to(data_dir).as_posix(), 0), path.name

    files = sorted(data_dir.glob("jsonl/*/*/*.jsonl"), key=published)
    return [json.loads(line) for path in files for line in path.read_bytes().splitlines()]


def content_of(fields: Mapping[str, Any]) -> str:
    """What makes a version, of a record or of the site's truth, in a form that can be compared.

    Media are compared by path, since an article may be met at any of its hosts.
    """
    plain = {key: fields[key] for key in ("title", "published_at", "source", "editors", "body")}
    people = [(person["name"], person["role"]) for person in fields["reporters"]]
    media = {
        key: [(urlsplit(one["url"]).path, one.get("caption")) for one in fields[key]]
        for key in ("images", "videos", "attachments")
    }
    return json.dumps(plain | media | {"reporters": people}, ensure_ascii=False)


def _archives(data_dir: Path) -> Iterator[str]:
    for path in data_dir.glob("warc/*/*/*.warc.gz"):
        content = path.read_bytes()
        try:
            gzip.decompress(content)
            kinds = Counter(
                record.rec_type
                for record in _read_through(
                    ArchiveIterator(io.BytesIO(content), check_digests="raise")
                )
            )
        except (OSError, EOFError, ArchiveLoadFailed) as error:
            yield f"{path.name}: {error!r}"
            continue
        answers = kinds["response"] + kinds["revisit"]
        # a kill in the middle of the last write may leave an answer without its request
        if kinds["warcinfo"] != 1 or len(kinds) == 1 or kinds["request"] < answers - 1:
            yield f"{path.name} holds {dict(kinds)}"
        index = path.with_name(path.name.removesuffix(".warc.gz") + ".cdxj")
        if not index.is_file():
            yield f"{path.name} has no index"
        elif len(index.read_bytes().splitlines()) != answers:
            yield f"{index.name} is not the index of its archive"


def _read_through(records: ArchiveIterator) -> Iterator[Any]:
    for record in records:
        record.content_stream().read()
        yield record


def _lines(data_dir: Path) -> Iterator[str]:
    seen: Counter[tuple[Any, ...]] = Counter()
    keys: Counter[str] = Counter()
    for path in data_dir.glob("jsonl/*/*/*.jsonl"):
        content = path.read_bytes()
        if not content.endswith(b"\n"):
            yield f"{path.name} ends in half a line"
        for number, text in enumerate(content.splitlines(), start=1):
            try:
                line = json.loads(text)
            except ValueError as error:
                yield f"{path.name}:{number}: {error}"
                continue
            keys[line["line"]] += 1
            state = () if line["status"] == "live" else (line["status"], line["fetched_at"])
            seen[line["id"], line["version"], *state] += 1
            if line["status"] != "gone":
                for key in _not_from_its_bytes(data_dir, line):
                    yield f"{path.name}:{number}: {key} is not what its records say"
    for counts in (seen, keys):
        yield from (
            f"{key} was published {count} times" for key, count in counts.items() if count > 1
        )


def _not_from_its_bytes(data_dir: Path, line: dict[str, Any]) -> list[str]:
    """The keys that come out differently when the line is made again from its records."""
    pointers = line["warc_pages"] or [line["warc"]]
    try:
        pages = [read_page(data_dir, WarcPointer(**pointer)) for pointer in pointers]
    except WarcError as error:
        return [f"warc ({error})"]
    again = json.loads(json.dumps(as_record(extraction.extract(pages))))
    return [key for key in line if key not in HISTORY_KEYS and again[key] != line[key]]


def _reports(data_dir: Path) -> Iterator[str]:
    claimed: Counter[str] = Counter()
    yield from _parts(data_dir)
    for path in reports_of(data_dir):
        report = json.loads(path.read_bytes())
        if sum(report["outcomes"].values()) != report["urls_seen"]:
            yield f"{path.name}: outcomes don't add up to urls_seen"
        for file in report["files"]:
            claimed[file["path"]] += 1
            content = (data_dir / file["path"]).read_bytes()
            if hashlib.sha256(content).hexdigest() != file["sha256"]:
                yield f"{file['path']} is not what {path.name} says"
    published = {
        path.relative_to(data_dir).as_posix()
        for pattern in ("jsonl/*/*/*.jsonl", "warc/*/*/*.warc.gz", "warc/*/*/*.cdxj")
        for path in data_dir.glob(pattern)
    }
    yield from (f"{name} is in no manifest" for name in sorted(published - claimed.keys()))


def _parts(data_dir: Path) -> Iterator[str]:
    """Numbers without gap or double, in the order of the parts; each part's files in its report."""
    manifests = [json.loads(path.read_bytes()) for path in manifests_of(data_dir)]
    numbers = sorted(one["seq"] for one in manifests)
    if numbers != list(range(1, len(numbers) + 1)):
        yield f"the publications are numbered {numbers}"
    reports = {one["run_id"]: one for one in manifests if "part" not in one}
    listed: dict[str, list[Any]] = {}
    for one in manifests:
        if "part" in one:
            listed.setdefault(one["run_id"], []).append(one)
    for run_id, parts in listed.items():
        report = reports.get(run_id)
        if report is None:
            yield f"run {run_id} has parts and no report"
            continue
        if [one["part"] for one in parts] != list(range(report["parts"])):
            yield f"run {run_id} counts {report['parts']} parts, there are {len(parts)}"
        seqs = [*(one["seq"] for one in parts), report["seq"]]
        if seqs != sorted(seqs):
            yield f"the parts of run {run_id} are numbered {seqs}"
        rows = sorted((row for one in parts for row in one["files"]), key=lambda row: row["path"])
        if rows != report["files"]:
            yield f"the files of run {run_id} are not those of its parts"


def _ledger(data_dir: Path) -> Iterator[str]:
    with closing(Ledger.of(data_dir, read_only=True)) as ledger:
        for run in ledger.runs.newest(10**6):
            if run.finished_at is None:
                yield f"run {run.run_id} has no end"
            elif not (data_dir / "runs" / f"{run.run_id}.json").is_file():
                yield f"run {run.run_id} has no report"
        written = Counter(line["id"] for line in lines_of(data_dir))
        for identity, count in written.items():
            if len(ledger.articles.versions(identity)) != count:
                yield f"{identity} has {count} lines; the ledger knows another number"
