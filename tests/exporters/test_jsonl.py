"""Lines of a run: made with the first, whole or not at all."""

from __future__ import annotations

import copy
import errno
import hashlib
import json
import os
from typing import TYPE_CHECKING, Any, get_args

import pytest
from jsonschema import Draft202012Validator

from crawler.exporters.jsonl import SCHEMA_FILES, JsonlWriter, line_schema, lines_with
from crawler.items import (
    CORRECTABLE_KEYS,
    KEYS,
    KEYS_1,
    LATE_KEYS,
    VERSIONED_KEYS,
    Precision,
    Role,
    Status,
    as_line,
    as_record,
    keys_of,
)
from crawler.pipelines.normalisation import FlagName
from crawler.pipelines.validate import LONGEST, MOST
from crawler.storage import StorageError
from tests.conftest import PROJECT
from tests.ledger.conftest import line
from tests.pipelines.drafts import MORE, NOTICE, TEXT, article, image, text, video, whole

if TYPE_CHECKING:
    from pathlib import Path

NAME = "jsonl/2026/01/xinhua-r1.jsonl"


def test_a_file_is_made_with_its_first_line(tmp_path: Path) -> None:
    writer = JsonlWriter(tmp_path, NAME)
    writer.sync()
    writer.close()
    assert list(tmp_path.iterdir()) == []
    for number in (1, 2):
        writer.write(line(number))
    writer.sync()
    assert writer.lines == 2
    assert writer.path == tmp_path / "jsonl/2026/01/xinhua-r1.jsonl.open"
    assert writer.path.read_bytes() == as_line(line(1)) + as_line(line(2))
    writer.close()


def test_a_half_line_is_cut_off_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = JsonlWriter(tmp_path, NAME)
    writer.write(line(1))
    write = os.write

    def full(fd: int, data: bytes) -> int:
        if len(data) < 100:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(fd, data[:-50])

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(StorageError, match="No space left"):
        writer.write(line(2))
    monkeypatch.undo()
    assert writer.lines == 1
    writer.write(line(3))
    assert writer.path.read_bytes() == as_line(line(1)) + as_line(line(3))
    writer.close()


SCHEMA = json.loads((PROJECT / "crawler" / "exporters" / "article.schema.json").read_text())
VALIDATOR = Draft202012Validator(SCHEMA)
VALIDATOR_1 = Draft202012Validator(line_schema(1))
AT = "2026-11-24T00:00:00Z"
RUN = "20261124T000000Z-0a1b"


def record() -> dict[str, Any]:
    """A published line as it is read back."""
    values: dict[str, Any] = json.loads(as_line(as_record(whole())))
    return values | {"run_id": RUN, "first_seen_at": AT, "line": f"{RUN}:17"}


def correction() -> dict[str, Any]:
    """The same corrected, by a later run."""
    corrects = {"line": f"{RUN}:17", "keys": ["title", "summary"], "reason": "another extractor"}
    return record() | {"line": "20261125T000000Z-0a1c:1", "revision": 1, "corrects": corrects}


def of_version_1(values: dict[str, Any]) -> dict[str, Any]:
    """A line as it was before there were keys of its own."""
    former = {key: values[key] for key in KEYS_1} | {"schema_version": 1}
    if former["gone"]:
        former["gone"] = {key: value for key, value in former["gone"].items() if key != "last"}
    return former


_NULL_WHEN_GONE = (
    "subtitle", "kicker", "published_at", "published_precision", "published_raw", "modified_at",
    "source", "source_raw", "is_reprint", "dateline", "byline_raw", "body", "summary", "language",
    "content_sha256", "http", "encoding", "layout", "warc",
)  # fmt: skip
_EMPTY_WHEN_GONE = (
    "reporters", "editors", "paragraphs", "images", "videos", "attachments", "keywords", "channel",
    "removed", "flags",
)  # fmt: skip


def gone_record() -> dict[str, Any]:
    values = record() | dict.fromkeys(_NULL_WHEN_GONE) | {key: [] for key in _EMPTY_WHEN_GONE}
    looks = [{"at": AT, "status": 404, "reason": "missing", "warc": None}]
    values["status"] = "gone"
    values["gone"] = {
        "reason": "missing",
        "first_observed_at": AT,
        "confirmed_at": AT,
        "observations": looks,
        "last": {
            "version": 1, "published_at": "2017-09-28T12:53:36+08:00", "source": "新华社",
            "line": "20261101T000000Z-0a1b:3",
        },
    }  # fmt: skip
    return values


def errors(values: dict[str, Any]) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in VALIDATOR.iter_errors(values)]


def changed(path: str, value: Any) -> dict[str, Any]:
    """The good record with one value at a dotted path replaced."""
    values = copy.deepcopy(record())
    *parents, last = path.split(".")
    owner: Any = values
    for step in parents:
        owner = owner[int(step)] if step.isdigit() else owner[step]
    owner[int(last) if last.isdigit() else last] = value
    return values


def test_it_is_a_schema_of_its_draft() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_it_has_exactly_the_contract_s_keys_in_order() -> None:
    assert tuple(SCHEMA["properties"]) == KEYS
    assert SCHEMA["required"] == [key for key in KEYS if key not in LATE_KEYS]
    assert SCHEMA["additionalProperties"] is False


def test_the_schema_of_each_version_is_shipped() -> None:
    for version, name in SCHEMA_FILES.items():
        schema = line_schema(version)
        assert json.loads((PROJECT / "crawler" / "exporters" / name).read_text()) == schema
        Draft202012Validator.check_schema(schema)
        assert schema["$id"].endswith(f":{version}")
        line = dict.fromkeys(schema["properties"]) | {"schema_version": version}
        assert tuple(schema["properties"]) == keys_of(line)
        before = {key: line[key] for key in line if key not in LATE_KEYS}
        assert tuple(schema["required"]) == keys_of(before)
        assert schema["properties"]["schema_version"] == {"const": version}


@pytest.mark.parametrize("version", [0, 3, True, None, "1", [], {}])
def test_a_line_of_another_version_has_no_keys(version: object) -> None:
    with pytest.raises((ValueError, TypeError)):
        keys_of({"schema_version": version})


def test_its_vocabularies_are_the_code_s() -> None:
    keys = SCHEMA["properties"]
    assert keys["status"]["enum"] == list(get_args(Status))
    assert keys["published_precision"]["enum"] == [*get_args(Precision), None]
    roles = keys["reporters"]["items"]["properties"]["role"]["enum"]
    assert roles == list(get_args(Role))
    assert keys["changed"]["items"]["enum"] == list(VERSIONED_KEYS)
    named = keys["corrects"]["properties"]["keys"]["items"]["enum"]
    assert named == list(CORRECTABLE_KEYS)
    assert keys["flags"]["items"]["properties"]["flag"]["enum"] == [str(name) for name in FlagName]


def test_its_bounds_are_the_code_s() -> None:
    keys = SCHEMA["properties"]
    for name, longest in LONGEST.items():
        assert keys[name].get("maxLength", longest) == longest, name
    for name, most in MOST.items():
        assert keys[name]["maxItems"] == most, name


def test_every_object_in_it_is_closed() -> None:
    todo: list[Any] = [SCHEMA]
    objects = 0
    while todo:
        node = todo.pop()
        if isinstance(node, dict):
            if "object" in node.get("type", ()) and "properties" in node:
                objects += 1
                assert node["additionalProperties"] is False
                late = LATE_KEYS if node is SCHEMA else ()
                assert node["required"] == [key for key in node["properties"] if key not in late]
            todo.extend(node.values())
        elif isinstance(node, list):
            todo.extend(node)
    assert objects >= 14


@pytest.mark.parametrize(
    "values",
    [
        record(),
        gone_record(),
        correction(),
        correction() | {"corrects": correction()["corrects"] | {"line": None}},
        record() | {"run_id": None, "line": None},
        record() | {"status": "restored"},
        record() | {"version": 2, "previous_sha256": "0" * 64, "changed": ["title", "body"]},
        as_record(article()),
        as_record(article(TEXT)),
        as_record(article(video())),
        as_record(article(TEXT, *NOTICE, layout="fallback")),
        as_record(article(image(), text("图为河道。", is_caption=True), MORE)),
    ],
    ids=range(12),
)
def test_good_lines_pass(values: dict[str, Any]) -> None:
    run = {"run_id": None, "line": None} if values["line"] is None else {}
    assert errors(values | run) == []


@pytest.mark.parametrize("values", [record(), gone_record(), record() | {"status": "restored"}])
def test_lines_of_version_1_stay_valid(values: dict[str, Any]) -> None:
    former = of_version_1(values)
    assert list(VALIDATOR_1.iter_errors(former)) == []
    assert errors(former)
    assert list(VALIDATOR_1.iter_errors(values))
    assert list(VALIDATOR_1.iter_errors(former | {"line": None}))


@pytest.mark.parametrize("key", KEYS)
def test_every_key_must_be_there(key: str) -> None:
    """But for the one of which lines of this version may be older than it."""
    values = record()
    del values[key]
    assert bool(errors(values)) is (key not in LATE_KEYS)


def test_a_capture_of_another_archive() -> None:
    """It is live, whatever its number; without an earlier one known it changes nothing."""
    archive = {"name": "web.archive.org", "url": "https://web.archive.org/web/20170929010203id_/x"}
    values = record() | {"version": 2, "previous_sha256": None, "changed": [], "archive": archive}
    assert not errors(values)
    assert errors(values | {"archive": None})
    assert errors(values | {"archive": {"name": "web.archive.org"}})
    assert errors(values | {"status": "restored"})


def test_no_other_key_may_be_there() -> None:
    assert errors(record() | {"author": "张三"})
    assert errors(changed("warc.extra", 1))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("schema_version", 1),
        ("schema_version", 3),
        ("line", None),
        ("line", ""),
        ("line", RUN),
        ("line", f"{RUN}:0"),
        ("line", f"{RUN}:1\n"),
        ("line", 1),
        ("run_id", None),
        ("revision", -1),
        ("revision", 1),
        ("revision", None),
        ("corrects", {"line": None, "keys": ["title"], "reason": "x"}),
        ("corrects", {}),
        ("id", ""),
        ("id", "../../etc"),
        ("version", 0),
        ("status", "deleted"),
        ("gone", {}),
        ("url", "ftp://a.news.cn/"),
        ("url", None),
        ("canonical_url", "/relative"),
        ("also_at", None),
        ("region", "js"),
        ("region.gb2260", 320000),
        ("region.code", "JS"),
        ("channel.0", ""),
        ("title", ""),
        ("title", " 标题"),
        ("title", "标题\n"),
        ("title", "长" * 501),
        ("published_at", "2017-09-28"),
        ("published_at", "2017-09-28T12:53:36Z"),
        ("published_at", "2017-13-28T12:53:36+08:00"),
        ("published_at", None),
        ("published_precision", "hour"),
        ("published_precision", None),
        ("source", None),
        ("source", ""),
        ("is_reprint", "yes"),
        ("is_reprint", None),
        ("dateline", {"raw": "电"}),
        ("reporters.0.role", "editor"),
        ("reporters.0.name", "张"),
        ("reporters", ["张三"]),
        ("editors.0", ""),
        ("body", None),
        ("body", ""),
        ("paragraphs", []),
        ("paragraphs.0", " 段"),
        ("images.0.url", "javascript:alert(1)"),
        ("images.0.position", -1),
        ("images.0.caption", ""),
        ("videos.0.url", ""),
        ("keywords.0", ""),
        ("language", "中文"),
        ("page_urls", ["x"]),
        ("removed.0.rule", ""),
        ("removed.0.text", ""),
        ("codes.fwl", ""),
        ("content_sha256", None),
        ("content_sha256", "x" * 64),
        ("previous_sha256", "0" * 64),
        ("changed", ["keywords"]),
        ("changed", ["title"]),
        ("version", 2),
        ("first_seen_at", "2026-11-24 00:00:00"),
        ("fetched_at", None),
        ("http.status", 99),
        ("http.etag", ""),
        ("encoding.used", "gbk"),
        ("layout", ""),
        ("layout", None),
        ("flags", [{"flag": "odd", "detail": "x"}]),
        ("extractor_version", "1.0"),
        ("run_id", "today"),
        ("warc", None),
        ("warc.offset", -1),
        ("warc.length", 0),
        ("warc.file", "/etc/passwd"),
        ("warc.file", "warc/2026/11/../../x.warc.gz"),
        ("warc.record_id", "1"),
        ("warc.payload_digest", "x"),
    ],
)
def test_bad_lines_are_rejected(path: str, value: Any) -> None:
    assert errors(changed(path, value))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("revision", 0),
        ("corrects", None),
        ("corrects", {"line": None, "keys": [], "reason": "x"}),
        ("corrects", {"line": None, "keys": ["title", "title"], "reason": "x"}),
        ("corrects", {"line": None, "keys": ["version"], "reason": "x"}),
        ("corrects", {"line": None, "keys": ["title"], "reason": ""}),
        ("corrects", {"line": "x", "keys": ["title"], "reason": "x"}),
        ("corrects", {"line": None, "keys": ["title"]}),
    ],
)
def test_bad_corrections_are_rejected(key: str, value: Any) -> None:
    assert errors(correction() | {key: value})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("revision", 1),
        ("gone", {key: gone_record()["gone"][key] for key in list(gone_record()["gone"])[:-1]}),
        ("gone", gone_record()["gone"] | {"last": None}),
        ("gone", gone_record()["gone"] | {"last": {"version": 1, "line": None}}),
        ("gone", None),
        ("body", TEXT),
        ("paragraphs", [TEXT]),
        ("warc", record()["warc"]),
        ("layout", "Main2017"),
    ],
)
def test_a_gone_record_has_no_content(key: str, value: Any) -> None:
    assert errors(gone_record() | {key: value})


LINES = [b'{"id": "1"}\n', '{"id": "二"}\n'.encode(), b'{"id": "3"}\n']
DIGESTS = [hashlib.sha256(line).hexdigest() for line in LINES]
PUBLISHED = "jsonl/2026/01/xinhua-r.jsonl"


@pytest.mark.parametrize("ending", ["", ".open"])
def test_lines_are_found(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"{PUBLISHED}{ending}"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"".join(LINES))

    found = lines_with(tmp_path, PUBLISHED, [DIGESTS[1], DIGESTS[2], "0" * 64])

    assert found == {DIGESTS[1]: {"id": "二"}, DIGESTS[2]: {"id": "3"}}


def test_of_a_missing_file_there_are_none(tmp_path: Path) -> None:
    assert lines_with(tmp_path, PUBLISHED, DIGESTS) == {}
