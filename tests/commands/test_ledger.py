"""`scrapy ledger copy`, and a crawl whose ledger is on a PostgreSQL server, as users run them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import make_url

from crawler.ledger.ledger import Ledger
from tests.processes import Crawl, crawl

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import RunScrapy
    from tests.postgres import Postgres
    from tests.site import Site

FAST = ("-a", "regions=js", "-s", "DOWNLOAD_DELAY=0", "-s", "LOG_LEVEL=WARNING")


@pytest.fixture(scope="module")
def database(postgres: Postgres) -> Iterator[str]:
    name = postgres.create()
    yield postgres.url_of(name)
    postgres.drop(name)


@pytest.fixture(scope="module")
def first(site: Site, database: str, tmp_path_factory: pytest.TempPathFactory) -> Crawl:
    """A first crawl that is told of the server, with a password that it doesn't need."""
    secret = database.replace("xinhua@", "xinhua:s3cret@")
    return crawl(
        *FAST, "-a", "limit=5", "-s", f"LEDGER={secret}",
        data_dir=tmp_path_factory.mktemp("server") / "data", env=site.environment,
    )  # fmt: skip


def test_a_crawl_with_its_ledger_on_a_server(
    first: Crawl, database: str, site: Site, scrapy_cmd: RunScrapy
) -> None:
    data_dir = first.data_dir
    assert first.exitcode == 0, first.stderr
    assert len(first.lines) == 5
    assert not (data_dir / "state" / "ledger.sqlite").exists()
    assert (data_dir / "state" / "ledger.url").read_text() == database + "\n"

    # the folder names its ledger from now on
    second = crawl(*FAST, data_dir=data_dir, env=site.environment)
    assert second.exitcode == 0, second.stderr
    assert second.report["outcomes"]["published"] > 0
    assert not {line["id"] for line in first.lines} & {line["id"] for line in second.lines}
    third = crawl(*FAST, data_dir=data_dir, env=site.environment)
    assert "published" not in third.report["outcomes"]

    article = first.lines[0]
    for command, said in (
        (("verify",), "all sound"),
        (("history", article["id"]), article["title"]),
        (("explain", article["url"]), "published"),
        (("status",), "verdict"),
        (("regions",), "js"),
    ):
        done = scrapy_cmd(*command, data_dir=data_dir)
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        assert said.casefold() in done.stdout.casefold(), (command, done.stdout)


def test_a_password_on_the_command_line_is_warned_of_and_shown_nowhere(
    first: Crawl, database: str, scrapy_cmd: RunScrapy
) -> None:
    secret = database.replace("xinhua@", "xinhua:s3cret@")
    for command in (("reextract", "--correct", "-j", "1"), ("repair",), ("status",)):
        done = scrapy_cmd(*command, "-s", f"LEDGER={secret}", data_dir=first.data_dir)
        assert done.stderr.startswith(f"scrapy {command[0]}: LEDGER holds a password"), command
        assert "s3cret" not in done.stderr + done.stdout
    assert "LEDGER holds a password" in first.stderr
    assert "s3cret" not in first.stderr
    for path in first.data_dir.rglob("*"):
        if path.is_file():
            assert b"s3cret" not in path.read_bytes(), path
    assert "xinhua:***@" in first.report["command"]


def test_a_lost_database_is_made_again(
    first: Crawl, postgres: Postgres, database: str, scrapy_cmd: RunScrapy
) -> None:
    name = database.rpartition("/")[2]
    postgres.drop(name)
    lost = scrapy_cmd("verify", data_dir=first.data_dir)
    assert lost.returncode == 5
    assert "doesn't exist" in lost.stderr
    postgres.run(f"CREATE DATABASE {name}")
    empty = scrapy_cmd("crawl", "xinhua", data_dir=first.data_dir)
    assert empty.returncode == 5
    assert "repair --ledger" in empty.stderr
    made = scrapy_cmd("repair", "--ledger", data_dir=first.data_dir)
    assert made.returncode == 0, made.stderr
    assert "ledger: made of" in made.stdout
    assert scrapy_cmd("verify", data_dir=first.data_dir).returncode == 0
    again = scrapy_cmd("repair", "--ledger", data_dir=first.data_dir)
    assert again.returncode == 5
    assert "is in the way of a new one" in again.stderr


def test_there_and_back(
    first: Crawl, database: str, postgres: Postgres, scrapy_cmd: RunScrapy, site: Site
) -> None:
    state = first.data_dir / "state"
    back = scrapy_cmd("ledger", "copy", "sqlite", data_dir=first.data_dir)
    assert back.returncode == 0, back.stderr
    assert back.stdout.startswith("copied ")
    assert (state / "ledger.sqlite").is_file()
    assert not (state / "ledger.url").exists()
    assert scrapy_cmd("verify", data_dir=first.data_dir).returncode == 0
    crawled = crawl(*FAST, data_dir=first.data_dir, env=site.environment)
    assert crawled.exitcode == 0, crawled.stderr
    assert "published" not in crawled.report["outcomes"]

    full = scrapy_cmd("ledger", "copy", database, data_dir=first.data_dir)
    assert full.returncode == 5
    assert "isn't empty" in full.stderr
    name = postgres.create()
    there = scrapy_cmd("ledger", "copy", postgres.url_of(name), data_dir=first.data_dir)
    assert there.returncode == 0, there.stderr
    assert (state / "ledger.sqlite.copied").is_file()
    assert not (state / "ledger.sqlite").exists()
    assert scrapy_cmd("verify", data_dir=first.data_dir).returncode == 0
    postgres.drop(name)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("copy",), "ledger copy"),
        (("move", "sqlite"), "ledger copy"),
        (("copy", "mysql://x/y"), "no archive"),
        (("copy", "sqlite"), "no archive"),
    ],
)
def test_usage(scrapy_cmd: RunScrapy, arguments: tuple[str, ...], said: str) -> None:
    done = scrapy_cmd("ledger", *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("setting", "code", "said"),
    [
        ("mysql://x/y", 2, "LEDGER: "),
        ("postgresql://nobody@127.0.0.1:1/x", 5, "can't be reached"),
    ],
)
def test_a_ledger_that_cant_be_used(
    scrapy_cmd: RunScrapy, tmp_path: Path, setting: str, code: int, said: str
) -> None:
    done = scrapy_cmd("crawl", "xinhua", "-s", f"LEDGER={setting}")
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(Path(tmp_path).rglob("*.jsonl"))


def test_one_writes_at_a_time(scrapy_cmd: RunScrapy, new_database: Callable[[], str]) -> None:
    url = new_database()
    writer = Ledger.at(make_url(url), fresh=True)
    try:
        done = scrapy_cmd("crawl", "xinhua", "-s", f"LEDGER={url}")
    finally:
        writer.close()
    assert done.returncode == 75
    assert "writes to it" in done.stderr
    assert "Traceback" not in done.stderr
