"""`scrapy survey`: its exit code by what came of the pass; whole surveys are in tests/survey."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from scrapy.exceptions import UsageError
from scrapy.settings import Settings

from crawler.commands.survey import Command
from crawler.survey.crawl import Passed

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("passed", "code"),
    [
        (Passed(reason="finished", lists=3, answered_lists=1), 0),
        (Passed(reason="finished", lists=3), 4),
        (Passed(reason="shutdown", lists=3), 3),
        (Passed(reason="finished", error="an error", lists=3), 1),
        (Passed(reason="finished", error="an error", storage_error="the disk is full"), 5),
    ],
)
def test_how_a_pass_ends(passed: Passed, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    command = Command()
    command._end(passed)
    assert command.exitcode == code
    assert bool(capsys.readouterr().err) is bool(code)


def test_a_survey_has_a_folder_of_its_own(tmp_path: Path) -> None:
    command = Command()
    assert command._folder(Settings(), tmp_path) == tmp_path
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="is there already"):
        command._folder(Settings(), tmp_path)
