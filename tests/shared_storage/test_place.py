"""The digest of a file, and that both kinds of place can do the same."""

from __future__ import annotations

import hashlib
import inspect
import os
from typing import TYPE_CHECKING

import pytest

from crawler.shared_storage.folder import FolderPlace
from crawler.shared_storage.place import SharedPlace, sha256_of
from crawler.shared_storage.s3 import S3Place

if TYPE_CHECKING:
    from pathlib import Path


def test_the_digest_of_a_file_of_several_pieces(tmp_path: Path) -> None:
    data = os.urandom(2 * 1024 * 1024 + 5)
    (tmp_path / "file").write_bytes(data)
    assert sha256_of(tmp_path / "file") == hashlib.sha256(data).hexdigest()
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(OSError, match="Not a regular file"):
        sha256_of(tmp_path / "fifo")


@pytest.mark.parametrize("kind", [FolderPlace, S3Place])
def test_a_kind_of_place_has_every_method_as_it_is_called(kind: type) -> None:
    for name, wanted in vars(SharedPlace).items():
        if inspect.isfunction(wanted) and not name.startswith("_"):
            made = inspect.signature(getattr(kind, name))
            assert [*made.parameters] == [*inspect.signature(wanted).parameters], name
