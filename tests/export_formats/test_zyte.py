from __future__ import annotations

import io
import json

from zyte_common_items import Article

from crawler.export_formats.zyte import article, write_zyte, zyte_columns
from tests.export_formats.lines import LINES, gone, published


def test_times_are_utc() -> None:
    line = LINES[0] | {"published_at": "2017-09-28T00:30:05+08:00"}
    assert article(line).datePublished == "2017-09-27T16:30:05Z"


def test_items_are_the_librarys() -> None:
    lines = [*LINES, gone(LINES[0])]
    file = io.BytesIO()
    assert write_zyte(published(*lines), file) == len(lines)
    found = [json.loads(line) for line in file.getvalue().splitlines()]
    for one, line in zip(found, lines, strict=True):
        item = Article.from_dict(one)
        assert (item.url, item.headline, item.articleBody) == (
            line["url"], line["title"], line["body"],
        )  # fmt: skip
        assert [image.url for image in item.images or ()] == [i["url"] for i in line["images"]]
        assert item.metadata.dateDownloaded == line["fetched_at"]
        assert set(one) <= set(zyte_columns())
