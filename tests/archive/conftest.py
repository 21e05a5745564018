"""An archive of three exchanges, for the readers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crawler.storage import publish
from tests.archive.test_writer import exchange, writer

if TYPE_CHECKING:
    from pathlib import Path

    from crawler.items import WarcPointer


@pytest.fixture
def archive(tmp_path: Path) -> tuple[Path, list[WarcPointer]]:
    warc = writer(tmp_path)
    pointers = [warc.write(exchange(url=f"http://js.news.cn/{n}")) for n in range(3)]
    warc.close()
    return publish(warc.files[0]), [pointer for pointer in pointers if pointer]
