"""`data/images/`: the pictures that a run asked for, a file a run, one JSON object a line.

What became of them stands in the ledger, so a kill before the file has its name loses nothing: the
recovery writes it. Each line's capture is on disk before the ledger knows of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawler.clock import iso
from crawler.data_dir import images_name
from crawler.items import as_line, plain
from crawler.storage import publish_lines

if TYPE_CHECKING:
    from pathlib import Path

    from crawler.ledger.ledger import Ledger
    from crawler.ledger.rows import PictureRow

SCHEMA_VERSION = 1

# The keys of a line, in their order (DATA_FORMAT.md).
KEYS = (
    "schema_version", "run_id", "article_id", "version", "url", "outcome", "detail", "at",
    "fetched_url", "type", "size", "sha256", "warc",
)  # fmt: skip

# Those that only an archived picture has.
OF_ARCHIVED = KEYS[KEYS.index("fetched_url") :]


def publish_pictures(data_dir: Path, ledger: Ledger, run_id: str) -> Path | None:
    """Write what became of the pictures that a run asked for; None where it asked for none. Raises
    StorageError."""
    final = data_dir / images_name(run_id)
    if final.exists():
        return final
    lines = (as_line(record(run_id, picture)) for picture in ledger.pictures.of_run(run_id))
    return final if publish_lines(final, lines) else None


def has_pictures(data_dir: Path, ledger: Ledger, run_id: str) -> bool:
    """Whether there is a file of a run to be written."""
    is_written = (data_dir / images_name(run_id)).exists()
    return not is_written and next(ledger.pictures.of_run(run_id), None) is not None


def record(run_id: str, picture: PictureRow) -> dict[str, Any]:
    """The published line of a picture that was asked for."""
    assert picture.at is not None
    capture = picture.capture
    return {
        "schema_version": SCHEMA_VERSION,
        "run_id": run_id,
        "article_id": picture.article_id,
        "version": picture.version,
        "url": picture.url,
        "outcome": str(picture.outcome),
        "detail": picture.detail,
        "at": iso(picture.at),
        "fetched_url": capture.fetched_url if capture else None,
        "type": capture.type if capture else None,
        "size": capture.size if capture else None,
        "sha256": capture.sha256 if capture else None,
        "warc": plain(capture.warc) if capture else None,
    }
