"""What several archives give together: originals of revisits, and pages of one article."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path

import pytest

from crawler.archive.others_records import OthersRevisit, names_of
from crawler.items import Page, WarcPointer
from crawler.reextraction.cross_archive import CrossArchiveStore, PageCapture, RecordPlace

URL, DATE, LATER = "http://js.news.cn/a.htm", "2021-05-06T07:08:09Z", "2021-05-07T07:08:09Z"
ONE = RecordPlace("/archives/one.warc", "one.warc", 7, is_ours=False)
TWO = RecordPlace("/archives/two.warc", "two.warc", 90, is_ours=False)


def page(body: bytes, record_id: str, at: str = DATE) -> Page:
    digest = f"sha1:{body.hex():>040}"
    pointer = WarcPointer("x", 0, 9, record_id, digest, entity_sha256=body.hex())
    return Page(URL, 200, (), body, at, pointer)


def revisit(number: int, names: tuple[str, str, str]) -> OthersRevisit:
    return OthersRevisit(f"{URL}?{number}", LATER, names)


def put_together(folder: Path, way: str, *stores: CrossArchiveStore) -> CrossArchiveStore:
    """All that stores hold, taken over as files or as rows kept elsewhere."""
    whole = CrossArchiveStore()
    for number, store in enumerate(stores):
        if way == "rows":
            rows = json.loads(json.dumps(list(store.rows())))
            whole.add_rows(rows, Path("/archives").joinpath)
        else:
            store.__exit__(None, None, None)
            whole.take(folder / f"{number}.store")
    return whole


@pytest.fixture(params=["files", "rows"])
def way(request: pytest.FixtureRequest) -> str:
    way: str = request.param
    return way


def test_a_revisit_finds_its_original_in_another_archive(tmp_path: Path, way: str) -> None:
    """By digest, by address and time, by id; the first page met stands for all of one digest, and
    an id that several pages have names none of them."""
    first, second = CrossArchiveStore(tmp_path / "0.store"), CrossArchiveStore(tmp_path / "1.store")
    ferry = page(b"ferry", "<urn:1>")
    names = names_of(ferry)
    asked = [
        (names[0], "", ""), ("", f"{URL} {DATE}", ""), ("", "", "<urn:1>"), ("", "", "<urn:2>"),
        ("sha1:of nothing", "", ""),
    ]  # fmt: skip
    for number, one in enumerate(asked):
        first.add_revisit(revisit(number, one))
    first.add_original(ferry, ONE)
    second.add_original(page(b"ferry", "<urn:3>", LATER), TWO)
    for number, body in enumerate((b"rope", b"tide")):
        second.add_original(page(body, "<urn:2>", f"2020-01-0{number + 1}T00:00:00Z"), TWO)
    found = list(put_together(tmp_path, way, first, second).revisits())
    assert [one for one, _ in found] == [revisit(number, one) for number, one in enumerate(asked)]
    assert [place for _, place in found] == [ONE, ONE, ONE, None, None]


def test_pages_of_an_article_stand_together_by_date(tmp_path: Path, way: str) -> None:
    captures = [
        PageCapture("1120000001", 2, f"{URL}?2", LATER, ONE),
        PageCapture("1120000002", 1, f"{URL}?3", DATE, ONE),
        PageCapture("1120000001", 1, URL, DATE, TWO),
    ]
    stores = [CrossArchiveStore(tmp_path / f"{number}.store") for number in range(2)]
    for number, capture in enumerate(captures):
        stores[number % 2].add_page(capture)
    found = [list(group) for group in put_together(tmp_path, way, *stores).articles()]
    assert found == [[captures[2], captures[0]], [captures[1]]]


def test_a_store_is_on_disk_when_it_is_left(tmp_path: Path) -> None:
    with ExitStack() as stack:
        store = stack.enter_context(CrossArchiveStore(tmp_path / "0.store"))
        store.add_page(PageCapture("1120000001", 1, URL, DATE, ONE))
    assert [len(list(group)) for group in CrossArchiveStore(tmp_path / "0.store").articles()] == [1]
