"""Where the ledger of a folder is, and what is kept of its address."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import make_url

from crawler.data_dir import ledger_file, ledger_url_file
from crawler.ledger.errors import LedgerError
from crawler.ledger.location import LedgerUrlError, keep, locate, parse, shown
from crawler.storage import StorageError

if TYPE_CHECKING:
    from pathlib import Path

URL = "postgresql+psycopg://me@db.example/xinhua"


def test_a_folder_has_its_own_file_or_names_a_database(tmp_path: Path) -> None:
    assert locate(tmp_path) == ledger_file(tmp_path)
    assert locate(tmp_path, URL) == make_url(URL)
    keep(tmp_path, make_url(URL))
    assert locate(tmp_path) == make_url(URL)
    keep(tmp_path, ledger_file(tmp_path))
    assert locate(tmp_path) == ledger_file(tmp_path)


def test_several_that_begin_at_once_name_it_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One writes the name and takes the other's file away, which is written under the same one."""

    def lose(path: Path, data: bytes) -> None:
        path.write_bytes(data)
        raise StorageError("writing: No such file or directory")

    monkeypatch.setattr("crawler.ledger.location.write_atomically", lose)
    keep(tmp_path, make_url(URL))
    assert locate(tmp_path) == make_url(URL)
    monkeypatch.setattr("crawler.ledger.location.write_atomically", _fail)
    keep(tmp_path, make_url(URL))  # it is named so already
    with pytest.raises(LedgerError, match=r"can't be named .no room"):
        keep(tmp_path, make_url(f"{URL}2"))


def _fail(*_: object) -> None:
    raise StorageError("no room")


@pytest.mark.parametrize(
    "secret",
    [
        "postgresql+psycopg://me:s3cret@db.example/xinhua",
        "postgresql://me@db.example/xinhua?password=s3cret",
        "postgres://me@db.example/xinhua?sslpassword=s3cret",
    ],
)
def test_no_password_is_kept_or_shown(tmp_path: Path, secret: str) -> None:
    url = locate(tmp_path, secret)
    keep(tmp_path, url)
    assert ledger_url_file(tmp_path).read_text() == URL + "\n"
    assert shown(url) == URL
    assert locate(tmp_path, secret) == url, "it is the same ledger, with its password"


def test_another_ledger_than_the_folders_is_refused(tmp_path: Path) -> None:
    ledger_file(tmp_path).parent.mkdir()
    ledger_file(tmp_path).write_bytes(b"x")
    with pytest.raises(LedgerUrlError, match="scrapy ledger copy"):
        locate(tmp_path, URL)
    ledger_file(tmp_path).unlink()
    keep(tmp_path, make_url(URL))
    with pytest.raises(LedgerUrlError, match="scrapy ledger copy"):
        locate(tmp_path, URL + "2")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ledger.sqlite", "is wanted"),
        ("mysql://me@db.example/xinhua", "not a database of mysql"),
        ("sqlite:///x", "not a database of sqlite"),
        ("postgresql+asyncpg://me@db.example/xinhua", "not a database of"),
        ("postgresql://me@db.example", "names no database"),
        ("postgresql://me@db.example:port/x", "is wanted"),
    ],
)
def test_what_is_no_address(text: str, said: str) -> None:
    with pytest.raises(LedgerUrlError, match=said):
        parse(text)


def test_a_note_that_cant_be_used(tmp_path: Path) -> None:
    note = ledger_url_file(tmp_path)
    note.parent.mkdir()
    for content in (b"nonsense", b"\xff\xfe"):
        note.write_bytes(content)
        with pytest.raises(LedgerError, match=r"ledger\.url"):
            locate(tmp_path)
