"""The lines of an article against each other: what follows, what corrects, what contradicts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from crawler.items import KEYS_1, LATE_KEYS, as_line
from crawler.pipelines.content_digest import content_sha256
from crawler.verification.histories import faults_of_history
from crawler.verification.line_summaries import summary_of
from tests.ledger.conftest import gone_line, line

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

RUNS = [f"2026010{day}T080000Z-000{day}" for day in range(1, 7)]


def made(run: int, **values: Any) -> dict[str, Any]:
    """A line of the run, its digest right."""
    one = line(run_id=RUNS[run], **{"line": f"{RUNS[run]}:1", "source": "新华社"} | values)
    return one | {"content_sha256": content_sha256(one)}


def of_version_1(one: dict[str, Any]) -> dict[str, Any]:
    return {key: one[key] for key in KEYS_1} | {"schema_version": 1}


def corrected(one: dict[str, Any], run: int, keys: Sequence[str], **values: Any) -> dict[str, Any]:
    """The correction of a line."""
    corrects = {"line": one.get("line"), "keys": list(keys), "reason": "another extractor"}
    told = {
        "schema_version": 2, "run_id": RUNS[run], "line": f"{RUNS[run]}:1",
        "revision": one.get("revision", 0) + 1, "corrects": corrects, "extractor_version": "2.0",
    }  # fmt: skip
    new = one | told | values
    return new | {"content_sha256": content_sha256(new)}


FIRST = made(0)
FORMER = of_version_1(FIRST)
ONCE = corrected(FIRST, 1, ["title"], title="春灌开闸放水")
TWICE = corrected(ONCE, 2, ["title", "summary"], title="春灌，开闸放水", summary="一句话")
OF_FORMER = corrected(FORMER, 1, ["title"], title="春灌开闸放水")


def second(run: int, before: dict[str, Any], **values: Any) -> dict[str, Any]:
    """The next version, as a crawl makes it of a changed body."""
    told = {
        "at": "2026-01-04T08:00:00Z", "version": 2, "changed": ["body"], "body": "水已放完。",
        "previous_sha256": before["content_sha256"], "title": before["title"],
        "extractor_version": before["extractor_version"],
    }  # fmt: skip
    return made(run, **told | values)


def gone(run: int, before: dict[str, Any], **values: Any) -> dict[str, Any]:
    one = gone_line(
        "2026-01-05T08:00:00Z", version=before["version"], title=before["title"],
        previous_sha256=before["content_sha256"], run_id=RUNS[run], line=f"{RUNS[run]}:1",
    )  # fmt: skip
    last = {
        "version": before["version"], "published_at": before["published_at"],
        "source": before["source"], "line": before.get("line"),
    }  # fmt: skip
    return one | {"gone": one["gone"] | {"last": last | values}}


def faults(folder: Path, *lines: dict[str, Any]) -> list[str]:
    """What is said of lines, each in a file of its own, told in the order of a whole folder."""
    told = []
    for number, one in enumerate(lines):
        name = f"jsonl/2026/01/xinhua-{number}.jsonl"
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(as_line(one))
        told.append(summary_of(one, name, number=1, offset=0, derived=None))
    told.sort(key=lambda one: (one.fetched_at, one.revision))
    return [f"{fault.code}: {fault.message}" for fault in faults_of_history(told, folder)]


@pytest.mark.parametrize(
    "lines",
    [
        (FIRST, ONCE),
        (FIRST, ONCE, TWICE),
        (FORMER, OF_FORMER),
        # a version made before the one before it was corrected, and after
        (FIRST, second(1, FIRST), corrected(FIRST, 2, ["title"], title="春灌")),
        (FIRST, ONCE, second(3, ONCE)),
        (FIRST, ONCE, second(3, FIRST)),
        # what was corrected afterwards is gone as it was then
        (FIRST, ONCE, gone(3, FIRST)),
        (FIRST, ONCE, gone(3, ONCE)),
        (FORMER, gone(3, FORMER)),
        # a version and its return are corrected each by itself
        (
            FIRST, gone(3, FIRST),
            back := made(
                4, at="2026-01-06T08:00:00Z", status="restored",
                previous_sha256=FIRST["content_sha256"],
            ),
            corrected(back, 5, ["title"], title="春灌"), ONCE,
        ),
        # only a named key, of which the digest knows nothing
        (FIRST, corrected(FIRST, 1, ["summary"], summary="一句话")),
    ],
    ids=range(11),
)  # fmt: skip
def test_a_history_as_runs_leave_it(tmp_path: Path, lines: tuple[dict[str, Any], ...]) -> None:
    assert faults(tmp_path, *lines) == []


def keeping(one: dict[str, Any], **values: Any) -> dict[str, Any]:
    return one | {"corrects": one["corrects"] | values}


@pytest.mark.parametrize(
    ("lines", "what"),
    [
        ((ONCE,), "revision 1 corrects no line that is here"),
        ((FIRST, TWICE), "revision 2 follows 0"),
        ((FIRST, keeping(ONCE, line="r9:1")), "it corrects r9:1, the revision before it is"),
        ((FIRST, keeping(ONCE, line=None)), "it corrects None, the revision before it is"),
        ((FORMER, keeping(OF_FORMER, line=FIRST["line"])), "the revision before it is None"),
        ((FIRST, keeping(ONCE, keys=[])), "it corrects no key"),
        ((FIRST, keeping(ONCE, keys=["title", "body"])), "it corrects body, which is the same"),
        ((FIRST, keeping(TWICE | {"revision": 1}, line=FIRST["line"], keys=["summary"])),
         "it doesn't say that title differs"),
        ((FIRST, ONCE | {"changed": ["title"]}), "a correction keeps changed"),
        ((FIRST, ONCE | {"previous_sha256": "0" * 64}), "a correction keeps previous_sha256"),
        ((FIRST, ONCE | {"also_at": ["http://js.news.cn/x"]}), "a correction keeps the addresses"),
        ((FIRST, ONCE | {"version": 2}), "corrects no line that is here"),
        ((FIRST | {"corrects": ONCE["corrects"]},), "it says that it corrects a line"),
        ((FIRST, ONCE, second(3, ONCE, previous_sha256="0" * 64)), "previous_sha256 is not"),
        ((FIRST, ONCE, second(3, ONCE, changed=["title"])), "changed is ['title']; what differs"),
        ((FIRST, ONCE, gone(3, TWICE)), "its title is not that of the last version"),
        ((FIRST, ONCE, gone(3, ONCE, line="r9:1")), "gone.last is"),
        ((FIRST, gone(3, FIRST, source=None)), "gone.last is"),
        ((FIRST, gone(3, FIRST, published_at=None)), "gone.last is"),
        ((FORMER, gone(3, FORMER, line=FIRST["line"])), "gone.last is"),
        ((FIRST, FIRST), "it stands in jsonl/2026/01/xinhua-0.jsonl as well"),
    ],
    ids=range(21),
)  # fmt: skip
def test_a_contradiction_is_found(
    tmp_path: Path, lines: tuple[dict[str, Any], ...], what: str
) -> None:
    found = faults(tmp_path, *lines)
    assert any(what in message for message in found), found


WAYBACK = {"name": "web.archive.org", "url": "https://web.archive.org/web/20171001000000id_/x"}


def capture(run: int, at: str, **values: Any) -> dict[str, Any]:
    """The line of a web archive's capture."""
    told = {"at": at, "archive": WAYBACK, "version": 2, "body": "旧闸还在。", "warc": FIRST["warc"]}
    return made(run, **told | values)


def without_late_keys(one: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in one.items() if key not in LATE_KEYS}


OLD = capture(1, "2017-10-01T00:00:00Z")
OLDER = capture(2, "2016-10-01T00:00:00Z", version=3, body="闸还没有建。")
BETWEEN = capture(
    3, "2017-11-01T00:00:00Z", version=4, body="闸建了一半。", changed=["body"],
    previous_sha256=OLD["content_sha256"],
)  # fmt: skip
AFTER = second(4, FIRST, version=5)
ALONE = capture(0, "2017-10-01T00:00:00Z", version=1)


@pytest.mark.parametrize(
    "lines",
    [
        (FIRST, OLD),
        (FIRST, OLD, OLDER, BETWEEN, AFTER),
        (FIRST, OLD, corrected(OLD, 2, ["title"], title="旧闸"), AFTER | {"version": 3}),
        (FIRST, OLD, gone(3, FIRST)),
        (ALONE,),
        (ALONE, capture(1, "2018-10-01T00:00:00Z", changed=["body"], body="新闸。",
                        previous_sha256=ALONE["content_sha256"])),
        # our own first look found another text than the archive, and later it was withdrawn
        (ALONE, own := second(1, ALONE, at="2026-01-03T08:00:00Z"), gone(3, own)),
        # a capture that equals a line to come gave none, and the next is held against that line
        (FIRST, OLD | {"previous_sha256": FIRST["content_sha256"], "changed": ["body"]}),
        # lines of before the key
        tuple(map(without_late_keys, (FIRST, second(1, FIRST)))),
    ],
    ids=range(9),
)  # fmt: skip
def test_a_history_with_captures(tmp_path: Path, lines: tuple[dict[str, Any], ...]) -> None:
    assert faults(tmp_path, *lines) == []


@pytest.mark.parametrize(
    ("lines", "what"),
    [
        ((FIRST, OLD | {"version": 1}), "another line is version 1, too"),
        ((FIRST, OLD | {"version": 3}), "no line is version 2"),
        ((FIRST, OLD | {"status": "restored"}), "a capture of others is no look of ours"),
        ((FIRST, OLD | {"changed": ["body"]}), "it changes fields, and no record is before it"),
        ((FIRST, OLD | {"previous_sha256": "0" * 64}), "previous_sha256 is not"),
        ((FIRST, OLD, BETWEEN | {"changed": []}), "it changes nothing"),
        ((FIRST, OLD, OLDER, BETWEEN | {"changed": ["title"]}), "what differs is ['body']"),
        ((FIRST, capture(1, "2026-01-02T00:00:00Z")), "is not older than our own newest look"),
        ((FIRST, OLD | {"first_seen_at": "2026-01-01T07:00:00Z"}), "first_seen_at is"),
        ((FIRST, OLD, AFTER | {"version": 1}), "version 1 follows 1, with True changed field"),
        ((FIRST, OLD | {"also_at": [FIRST["canonical_url"]]}), "also_at is not sorted"),
        ((ALONE, own | {"previous_sha256": "0" * 64}), "previous_sha256 is not"),
    ],
    ids=range(12),
)  # fmt: skip
def test_a_contradiction_of_captures_is_found(
    tmp_path: Path, lines: tuple[dict[str, Any], ...], what: str
) -> None:
    found = faults(tmp_path, *lines)
    assert any(what in message for message in found), found
