"""The ledger's benchmark runs, on a ledger that is filled as it says, and its bound can fail."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from benchmarks import ledger as benchmark
from benchmarks.ledger_fill import fill, page, sightings
from crawler.ledger.ledger import Ledger

if TYPE_CHECKING:
    from pathlib import Path

SIZE = 4000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "state" / "ledger.sqlite"
    fill(file, SIZE)
    return file


def test_the_ledger_is_as_years_of_runs_leave_it(path: Path) -> None:
    with closing(Ledger.open(path)) as ledger:
        links = page(ledger, SIZE, 3)
        verdicts = {one.value for one in ledger.addresses.see(links, run_id="r", at=benchmark.AT)}
        assert len({link.url for link in links}) == 100
        assert verdicts <= {"known", "owed"}
        (link,) = sightings(ledger, [7])
        article = ledger.articles.get(link.article_id)
        assert article
        assert (article.canonical_url, len(article.warc_pages)) == (link.url, 1)
        assert len(ledger.addresses.owed(run_id="r2", at=benchmark.AT, regions=None, limit=99)) == 4


@pytest.mark.parametrize(("bound", "code"), [(0.0, 1), (1e9, 0)])
def test_the_bound(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    bound: float, code: int,
) -> None:  # fmt: skip
    monkeypatch.setattr(benchmark, "BOUND", bound)
    monkeypatch.setattr(benchmark, "memory", lambda *_: 1.0)  # processes of their own: too slow
    benches = (benchmark.Bench(path, SIZE), benchmark.Bench(path, SIZE))
    assert benchmark.report(*benches, rounds=1) == code
    for bench in benches:
        bench.close()
    assert "list page, any 100" in capsys.readouterr().out
