"""What of a data folder is verified."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from crawler.verification.scope import Scope, ScopeError

if TYPE_CHECKING:
    from pathlib import Path

RUN = "20260305T040000Z-0a1b"
MONTH = "2026/03"
FILES = {
    "warcs": f"warc/{MONTH}/xinhua-{RUN}-00000.warc.gz",
    "lines": f"jsonl/{MONTH}/xinhua-{RUN}.jsonl",
    "manifests": f"runs/{RUN}.json",
    "parts": f"runs/{RUN}-00000.json",
    "sightings": f"sightings/{MONTH}/xinhua-{RUN}.jsonl",
    "pictures": f"images/{MONTH}/xinhua-{RUN}.jsonl",
    "certificates": f"coverage/{MONTH}/04.json",
    "layouts": "layouts/Survey2026.toml",
}


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    for name in (*FILES.values(), FILES["warcs"].replace(".warc.gz", ".cdxj"), "notes.txt"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"{}")
    listed = [{"path": FILES[kind]} for kind in ("warcs", "lines", "pictures")]
    (tmp_path / FILES["manifests"]).write_text(json.dumps({"run_id": RUN, "files": listed}))
    return tmp_path


def taken(scope: Scope) -> dict[str, list[str]]:
    """The files of each kind that has any."""
    of = {kind: getattr(scope, kind) for kind in FILES}
    names = {
        kind: [path.relative_to(scope.data_dir).as_posix() for path in paths]
        for kind, paths in of.items()
    }
    return {kind: paths for kind, paths in names.items() if paths}


def test_all(data_dir: Path) -> None:
    for names in ((), (str(data_dir),)):
        scope = Scope.of(data_dir, names)
        assert scope.is_whole
        assert taken(scope) == {kind: [name] for kind, name in FILES.items()}


def test_each_file_is_taken_by_its_kind(data_dir: Path) -> None:
    for kind, name in FILES.items():
        scope = Scope.of(data_dir, [str(data_dir / name)])
        assert (taken(scope), scope.is_whole) == ({kind: [name]}, False)


def test_an_index_stands_for_its_warc_and_no_file_is_taken_twice(data_dir: Path) -> None:
    warc = data_dir / FILES["warcs"]
    index = warc.with_name(warc.name.replace(".warc.gz", ".cdxj"))
    assert taken(Scope.of(data_dir, [str(index), str(warc)])) == {"warcs": [FILES["warcs"]]}


def test_a_run_has_its_manifests_and_what_they_list(data_dir: Path) -> None:
    (data_dir / FILES["parts"]).write_text(json.dumps({"files": [{"path": FILES["sightings"]}]}))
    wanted = {"warcs", "lines", "pictures", "manifests", "parts", "sightings"}
    assert set(taken(Scope.of(data_dir, [RUN]))) == wanted


def test_what_is_not_there(data_dir: Path) -> None:
    (data_dir / "empty").mkdir()
    for name, why in (
        (str(data_dir / "notes.txt"), "neither a WARC, its index, JSONL nor a report"),
        (str(data_dir / "empty"), "nothing to verify in"),
        ("20260305T050000Z-ffff", "neither a file, a folder nor a run"),
    ):
        with pytest.raises(ScopeError, match=why):
            Scope.of(data_dir, [name])
