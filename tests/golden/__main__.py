"""`python -m tests.golden`: writes again what the crawls of today write."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.golden.crawls import WRITTEN, written
from tests.guard import sitecustomize as guard

if __name__ == "__main__":
    guard.install()
    with tempfile.TemporaryDirectory(prefix="golden-") as folder:
        WRITTEN.write_text(written(Path(folder)))
