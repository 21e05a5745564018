"""Files that no run puts where they stand; months of captures that were moved away."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from crawler.verification.file_places import (
    MovedMonths,
    MovedMonthsError,
    check_places,
    check_strays,
    check_warc_places,
)
from crawler.verification.findings import WarcReport
from crawler.verification.scope import Scope
from crawler.verification.whole_archive import Verification, verify

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import RunScrapy
    from tests.processes import Crawl


@pytest.fixture
def data_dir(first: Crawl, tmp_path: Path) -> Path:
    return shutil.copytree(first.data_dir, tmp_path / "data")


def verdict_of(data_dir: Path) -> Verification:
    return verify(Scope.of(data_dir, ()), 1, quiet=True, is_busy=lambda: False)


def month_of(data_dir: Path) -> str:
    (month,) = (data_dir / "warc").glob("*/*")
    return month.relative_to(data_dir).as_posix()


@pytest.mark.parametrize("stays", [(), (".cdxj",)], ids=["all", "indexes stay"])
@pytest.mark.parametrize("is_year", [False, True])
def test_a_month_that_went(data_dir: Path, stays: tuple[str, ...], is_year: bool) -> None:
    month = month_of(data_dir)
    whole = verdict_of(data_dir)
    went = [path for path in (data_dir / month).iterdir() if path.suffix not in stays]
    for path in went:
        path.unlink()
    assert "missing_file" in {one.code for one in verdict_of(data_dir).findings}
    name = month.rpartition("/")[0] if is_year else month
    (data_dir / "moved.toml").write_text(f'"{name}" = "tape 7"\n')
    verdict = verdict_of(data_dir)
    assert verdict.findings == []
    assert verdict.counts["moved files"] == len(went)
    assert verdict.counts["moved lines"] == verdict.counts["lines"] == whole.counts["lines"]


def test_all_else_is_still_missed(data_dir: Path) -> None:
    month = month_of(data_dir)
    (data_dir / "moved.toml").write_text('"warc/2001/02" = "tape 7"\n')
    (lines,) = (data_dir / "jsonl").rglob("*.jsonl")
    (data_dir / json.loads(lines.read_text().splitlines()[0])["warc"]["file"]).unlink()
    verdict = verdict_of(data_dir)
    assert {"missing_file", "orphan_index", "bad_pointer"} <= {one.code for one in verdict.findings}
    assert verdict.notes == ["moved.toml names warc/2001/02, where no run has files"]
    (data_dir / "moved.toml").write_text(f'"{month}" = "tape 7"\n')
    lines.write_bytes(lines.read_bytes().replace("记者".encode(), "作者".encode(), 1))
    codes = {one.code for one in verdict_of(data_dir).findings}
    assert {"manifest_mismatch", "ledger_mismatch"} & codes
    lines.unlink()
    assert "missing_file" in {one.code for one in verdict_of(data_dir).findings}


def test_what_did_not_go_is_proved(data_dir: Path) -> None:
    """A month may be named before all of it went."""
    (data_dir / "moved.toml").write_text(f'"{month_of(data_dir)}" = "tape 7"\n')
    assert verdict_of(data_dir).counts["moved files"] == 0
    file = next((data_dir / "warc").rglob("*.warc.gz"))
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    assert verdict_of(data_dir).findings


@pytest.mark.parametrize(
    "text",
    ['"jsonl/2019" = "tape"', '"warc/19" = "tape"', '"warc/2019/13" = "t"', '"warc/2019" = ""',
     '"warc/2019" = 3', '"warc" = "tape"', "warc/2019: tape", '"../2019" = "x"', "\x00"],
)  # fmt: skip
def test_what_says_something_else(tmp_path: Path, text: str) -> None:
    (tmp_path / "moved.toml").write_text(text)
    with pytest.raises(MovedMonthsError, match=r"moved\.toml: "):
        MovedMonths.of(tmp_path)


@pytest.mark.parametrize(
    ("date", "may"),
    [
        ("2020-01-31T23:00:00Z", True), ("2020-02-01T00:10:00Z", True),
        ("2020-03-01T00:00:00Z", False), ("2019-12-31T00:00:00Z", False),
        ("2018-05-01T00:00:00Z", True), ("2019-01-01T00:00:00Z", True),
    ],
)  # fmt: skip
def test_a_file_is_of_the_month_of_its_first_capture(date: str, may: bool) -> None:
    assert MovedMonths({"warc/2020/01": "a", "warc/2018": "b"}).may_hold(date) is may


def test_the_command(scrapy_cmd: RunScrapy, data_dir: Path) -> None:
    month = month_of(data_dir)
    shutil.rmtree(data_dir / month)
    (data_dir / "moved.toml").write_text(f'"{month}" = "tape 7"\n')
    done = scrapy_cmd("verify", "-j", "1", data_dir=data_dir)
    assert (done.returncode, done.stderr) == (0, "")
    assert " files moved away as moved.toml says, " in done.stdout
    (data_dir / "moved.toml").write_text("nonsense")
    bad = scrapy_cmd("verify", "-j", "1", data_dir=data_dir)
    assert (bad.returncode, bad.stdout, len(bad.stderr.splitlines())) == (2, "", 1)


RUN = "20260305T040000Z-0a1b"
RIGHT = (
    f"warc/2026/03/xinhua-{RUN}-00000.warc.gz", f"warc/2026/03/xinhua-{RUN}-00000.cdxj",
    f"jsonl/2026/03/xinhua-{RUN}.jsonl", f"runs/{RUN}.json",
    f"sightings/2026/03/xinhua-{RUN}.jsonl",
    "warc/2026/03/others.warc.gz", "notes.txt", "old/others.warc.gz", "state/x.jsonl",
)  # fmt: skip


def with_files(data_dir: Path, *names: str) -> Path:
    for name in names:
        path = data_dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return data_dir


@pytest.mark.parametrize(
    "name",
    [
        f"warc/2026/02/xinhua-{RUN}-00000.warc.gz", f"warc/xinhua-{RUN}-00000.warc.gz",
        f"jsonl/2025/03/xinhua-{RUN}.jsonl", f"jsonl/2026/03/more/xinhua-{RUN}.jsonl",
        f"warc/2026/03/xinhua-{RUN}.jsonl", f"runs/old/{RUN}.json",
        f"old/xinhua-{RUN}-00000.warc.gz", f"xinhua-{RUN}.jsonl",
    ],
)  # fmt: skip
def test_a_file_where_no_run_puts_it(tmp_path: Path, name: str) -> None:
    data_dir = with_files(tmp_path, *RIGHT, name)
    (finding,) = check_places(data_dir, {RUN})
    assert (finding.file, finding.code) == (data_dir / name, "misplaced_file")


def test_files_where_they_belong(tmp_path: Path) -> None:
    """What is linked back to the folder is not gone through again; of another run's files that
    lie elsewhere nothing is known."""
    other = RUN.replace("2026", "2024")
    data_dir = with_files(tmp_path, *RIGHT, f"old/xinhua-{other}.jsonl")
    (data_dir / "old" / "again").symlink_to(data_dir)
    assert list(check_places(data_dir, {RUN})) == []


def test_a_warc_of_another_month_than_its_first_record(tmp_path: Path) -> None:
    path = tmp_path / RIGHT[0]
    for began, count in (("2026-03-05T04:00:00Z", 0), ("2026-05-05T04:00:00Z", 1), (None, 0)):
        found = list(check_warc_places(tmp_path, [WarcReport(path, began=began)]))
        assert len(found) == count


def test_files_that_no_manifest_lists(tmp_path: Path) -> None:
    names = [*RIGHT[:3], "warc/2026/03/others.warc.gz", f"{RIGHT[2]}.open"]
    data_dir = with_files(tmp_path, *names)
    (data_dir / RIGHT[0]).unlink()
    found = {
        (one.file.relative_to(data_dir).as_posix(), one.code)
        for one in check_strays(data_dir, {RIGHT[1], RIGHT[2]}, MovedMonths())
    }
    assert found == {
        (f"{RIGHT[2]}.open", "open_file"), (RIGHT[1], "orphan_index"), (names[3], "orphan_file"),
    }  # fmt: skip
    moved = MovedMonths({"warc/2026/03": "tape 7"})
    codes = {one.code for one in check_strays(data_dir, {RIGHT[1], RIGHT[2]}, moved)}
    assert codes == {"open_file", "orphan_file"}
