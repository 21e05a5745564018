"""Drafts made by hand: blocks from short strings, and the article that comes of them."""

from __future__ import annotations

from typing import Any

from crawler.items import (
    Article,
    Block,
    BlockKind,
    Codes,
    Draft,
    Encoding,
    Evidence,
    Page,
    WarcPointer,
)
from crawler.pipelines import normalise

URL = "http://www.js.xinhuanet.com/2017-09/28/c_1121738857.htm"
FETCHED_AT = "2026-11-24T00:00:00Z"
WHERE = "#article p"
POINTER = WarcPointer(
    "warc/2026/11/xinhua-20261124T000000Z-0a1b-00000.warc.gz",
    1234,
    567,
    "<urn:uuid:12345678-1234-5678-1234-567812345678>",
    "sha1:3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ",
    "0" * 64,
)

TEXT = "市里昨天开会，研究了今年的河道整治工作，要求各区按时完成。"
MORE = "各区负责人在会上作了发言，大家认为目标明确，关键在于落实到位。"

# The notice as it stands on the regional pages, in words of our own order.
NOTICE = (
    "新华网版权与免责声明:",
    "凡本网注明“来源:新华网”的所有作品,版权均属于新华社,未经本网授权不得转载、摘编或利用其它方式使用。"
    "违反上述声明者,本网将追究其相关法律责任。",
    "凡本网注明“来源:XXX(非新华网)”的作品,均转载自其它媒体,目的在于传递更多信息,"
    "并不代表本网赞同其观点和对其真实性负责。",
    "如因作品内容、版权和其它问题需要同本网联系的,请在30日内进行。",
    "联系方式:新华网管理协调部 电话:010--12345678",
)


def text(content: str, *, is_caption: bool = False) -> Block:
    return Block(BlockKind.TEXT, WHERE, text=content, is_caption=is_caption)


def image(name: str = "a") -> Block:
    return Block(BlockKind.IMAGE, WHERE, url=f"http://www.js.xinhuanet.com/{name}.jpg")


def video(name: str = "v") -> Block:
    return Block(BlockKind.VIDEO, WHERE, url=f"http://vod.news.cn/{name}.mp4")


def blocks(*parts: str | Block) -> list[Block]:
    """Text blocks from strings; other blocks as they are."""
    return [text(part) if isinstance(part, str) else part for part in parts]


def evidence(*texts: str, where: str = ".info") -> list[Evidence]:
    return [Evidence(each, where) for each in texts]


def draft(*parts: str | Block, url: str = URL, **fields: Any) -> Draft:
    """A draft of one page; `fields` are the Draft's."""
    return Draft(
        url=url,
        layout=fields.pop("layout", "Regional2014"),
        encoding=fields.pop("encoding", Encoding("utf-8", "utf-8")),
        blocks=blocks(*parts),
        **fields,
    )


def page(url: str = URL, **fields: Any) -> Page:
    values: dict[str, Any] = {
        "url": url,
        "status": 200,
        "headers": (("ETag", '"5a"'), ("Last-Modified", "Thu, 28 Sep 2017 05:00:00 GMT")),
        "body": b"<html></html>",
        "fetched_at": FETCHED_AT,
        "warc": POINTER,
    }
    return Page(**values | fields)


def article(*parts: str | Block, url: str = URL, **fields: Any) -> Article:
    """What `normalise` makes of such a draft."""
    return normalise(draft(*parts, url=url, **fields), [page(url)])


def whole() -> Article:
    """An article that has something in every field a page can fill."""
    return article(
        "新华社南京9月28日电（记者张三　李四）" + TEXT,
        image(),
        text("图为整治后的河道。新华社记者 王五 摄", is_caption=True),
        MORE,
        video(),
        Block(BlockKind.ATTACHMENT, WHERE, url="http://www.js.xinhuanet.com/a.pdf", label="附表"),
        "(责任编辑: 丁某某 )",
        *NOTICE,
        title=Evidence("河道整治开工　明年完成", "h1"),
        subtitle=Evidence("全长八公里", "h2"),
        kicker=Evidence("民生", ".kicker"),
        times=evidence("2017年09月28日 12:53:36"),
        sources=evidence("来源： 某某日报"),
        keywords=evidence("河道,整治\n"),
        summaries=evidence("河道整治开工 明年完成\n---市里研究了河道整治工作。"),
        channel=["新华网", "江苏", "正文"],
        language="zh-CN",
        codes=Codes(
            "010070080010000000000000011111101121738857", "1121738857.12.1002.0", None, "1"
        ),
    )
