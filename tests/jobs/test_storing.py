"""Machines with folders of their own that share an S3 bucket: what one crawls another reads."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

from sqlalchemy import make_url

from crawler.data_dir import warcs_of
from crawler.jobs.database import prepare
from crawler.shared_storage.s3 import S3Place
from tests.processes import crawl
from tests.server_ledger import lose_ledger

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from tests.conftest import RunScrapy
    from tests.s3 import S3Server
    from tests.site import Site


def test_two_machines_and_a_bucket(
    new_database: Callable[[], str], s3: S3Server, site: Site, scrapy_cmd: RunScrapy,
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    cluster = prepare(make_url(new_database()))
    env = {
        "XINHUA_LEDGER": cluster.url.render_as_string(),
        "XINHUA_STORE": f"s3://{s3.bucket()}/archive",
        "no_proxy": "127.0.0.1",  # the site is behind a proxy, the storage isn't
        **s3.environment(),
    }
    near, far = tmp_path / "near", tmp_path / "far"
    first = crawl(
        "-a", "regions=js", "-s", "DOWNLOAD_DELAY=0", "-s", "WARC_MAX_BYTES=40000",
        "-s", "LOG_LEVEL=WARNING", data_dir=near, env=site.environment | env,
    )  # fmt: skip
    assert first.exitcode == 0, first.stderr
    for name, value in s3.environment().items():
        monkeypatch.setenv(name, value)
    place = S3Place(env["XINHUA_STORE"].split("/")[2], "archive")
    shared = {*place.names("warc"), *place.names("jsonl"), *place.names("runs")}
    listed = {row["path"] for row in first.report["files"]}
    assert shared | {*place.names("sightings")} == listed | {f"runs/{first.run_ids[0]}.json"}
    # the other machine has nothing but the bucket and the database
    for kind in ("reextract", "verify"):
        put = scrapy_cmd("enqueue", kind, env=env, data_dir=far)
        assert put.returncode == 0, put.stderr
    done = scrapy_cmd("work", "--drain", "--crawls", "0", "-j", "2", env=env, data_dir=far)
    assert done.returncode == 0, done.stderr
    status = json.loads(scrapy_cmd("status", "--json", env=env, data_dir=far).stdout)
    assert status["last"]["run_id"] == first.run_ids[0]
    batches = {batch["kind"]: batch for batch in status["jobs"]["batches"]}
    warcs = [str(path) for path in warcs_of(near)]
    one = scrapy_cmd("reextract", *warcs, "-o", str(tmp_path / "one"), data_dir=near)
    assert one.returncode == 0, one.stderr
    place.get(batches["reextract"]["output"], tmp_path / "joined")
    assert (tmp_path / "joined").read_bytes() == (tmp_path / "one").read_bytes()
    place.get(batches["verify"]["output"], tmp_path / "verified")
    assert json.loads((tmp_path / "verified").read_text())["findings"] == []
    assert batches["verify"]["problems"] == 0
    assert not (far / "warc").is_dir() or warcs_of(far) == []
    # and shows an article from a line that it reads there
    article = next(line for line in first.lines if line["title"])
    shutil.rmtree(far / "jsonl")
    shown = scrapy_cmd("history", article["id"], env=env, data_dir=far)
    assert (shown.returncode, article["title"] in shown.stdout) == (0, True), shown.stderr
    # and proves all of the archive, with WARCs that it reads there
    proved = scrapy_cmd("verify", "-j", "2", env=env, data_dir=far)
    assert (proved.returncode, proved.stderr) == (0, ""), proved.stdout
    assert f"{len(warcs)} WARCs" in proved.stdout
    assert proved.stdout.endswith(": all sound\n")
    assert warcs_of(far) == []
    spoilt = warcs_of(near)[1].relative_to(near).as_posix()
    data = bytearray((near / spoilt).read_bytes())
    data[len(data) // 2] ^= 0xFF
    s3.client().put_object(Bucket=place.bucket, Key=f"archive/{spoilt}", Body=bytes(data))
    damaged = scrapy_cmd("verify", first.run_ids[0], "-j", "1", env=env, data_dir=far)
    assert damaged.returncode == 1, damaged.stderr
    assert f"{spoilt}: manifest_mismatch" in damaged.stdout
    # another cluster is refused, in one line
    stranger = env | {"XINHUA_LEDGER": prepare(make_url(new_database())).url.render_as_string()}
    refused = scrapy_cmd("work", "--drain", env=stranger, data_dir=tmp_path / "third")
    assert refused.returncode == 2
    assert "belongs to another cluster" in refused.stderr
    # a bucket out of reach: nothing is fetched
    gone = env | s3.environment(1) | {"AWS_MAX_ATTEMPTS": "1"}
    out = crawl("-a", "regions=js", data_dir=near, env=site.environment | gone)
    assert (out.exitcode, out.run_ids) == (5, ())
    assert "can't be reached" in out.stderr
    for text in (first.stderr, done.stderr, refused.stderr, out.stderr):
        assert "s3cret" not in text


def test_a_lost_database_is_made_again_from_what_is_shared(
    new_database: Callable[[], str], site: Site, scrapy_cmd: RunScrapy, tmp_path: Path
) -> None:
    """On a machine whose folder has nothing of it, and nothing is published again."""
    store = tmp_path / "store"
    store.mkdir()
    env = {"XINHUA_LEDGER": new_database(), "XINHUA_STORE": str(store)}
    near, far = tmp_path / "near", tmp_path / "far"
    options = ("-a", "regions=js", "-s", "DOWNLOAD_DELAY=0", "-s", "LOG_LEVEL=WARNING")
    first = crawl(*options, data_dir=near, env=site.environment | env)
    assert first.exitcode == 0, first.stderr
    lose_ledger(near)
    refused = scrapy_cmd("repair", "--ledger", env=env, data_dir=far)
    assert refused.returncode == 2
    assert "delete cluster.json there" in refused.stderr
    (store / "cluster.json").unlink()
    made = scrapy_cmd("repair", "--ledger", env=env, data_dir=far)
    assert (made.returncode, made.stderr) == (0, "")
    assert f"made of {len(first.lines)} lines and 1 runs" in made.stdout
    again = crawl(*options, data_dir=far, env=site.environment | env)
    assert (again.exitcode, again.lines) == (0, []), again.stderr
    proved = scrapy_cmd("verify", "-j", "1", env=env, data_dir=near)
    assert proved.stdout.endswith(": all sound\n"), proved.stdout
