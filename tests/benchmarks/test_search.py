"""The benchmark of search: its texts are uneven as news is, and its answers right."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from benchmarks import search
from benchmarks.chinese import Writer

if TYPE_CHECKING:
    import pytest


def test_few_pairs_are_common_and_most_are_rare() -> None:
    writer, texts = Writer(), Counter[str]()
    assert writer.line(3) == Writer().line(3)
    for number in range(200):
        body = writer.line(number)["body"]
        texts.update({body[at : at + 2] for at in range(len(body) - 1)})
    assert texts["新华"] == 200
    assert len([pair for pair, count in texts.items() if count == 1]) > len(texts) / 2


def test_its_answers_are_those_of_a_scan(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(search, "BOUND", 60.0)
    few = ["--articles", "120", "--queries", "20", "--scanned", "100"]
    monkeypatch.setattr("sys.argv", ["search", *few])
    assert search.main() == 0
    assert "80 of 80 answers equal" in capsys.readouterr().out
