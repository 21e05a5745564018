"""The fallback's benchmark runs, ours holds its ground, and it would say if ours didn't."""

from __future__ import annotations

import pytest

from benchmarks import fallback as benchmark


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> dict[bytes, str]:
    """Some fixtures instead of all; the expected text by page."""
    pages = list(benchmark.fixtures())[::12]
    monkeypatch.setattr(benchmark, "fixtures", lambda: iter(pages))
    return {page.body: text for _, page, text in pages}


def test_no_page_keeps_a_name_that_a_layout_knows() -> None:
    pages = [page for _, page, _ in benchmark.fixtures()]
    assert len(pages) > 50
    assert not any(b'id="p-detail"' in page.body or b'id="detail"' in page.body for page in pages)


def test_ours_finds_the_text(few: dict[bytes, str], capsys: pytest.CaptureFixture[str]) -> None:
    means = benchmark.compare(
        list(benchmark.fixtures()), {"ours": benchmark.ours, "none": lambda _: ""}
    )
    assert means["ours"] > 0.97
    assert means["none"] == 0
    assert f"{len(few)} pages" in capsys.readouterr().out


def test_a_better_finder_is_a_failure(
    few: dict[bytes, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(benchmark, "ours", lambda _: "别的")
    monkeypatch.setattr(benchmark, "readability", lambda: lambda page: few[page.body])
    assert benchmark.main([]) == 1
    monkeypatch.setattr(benchmark, "ours", lambda page: few[page.body])
    monkeypatch.setattr(benchmark, "readability", lambda: lambda _: "别的")
    assert benchmark.main([]) == 0
