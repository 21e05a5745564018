"""The crawls that `written.txt` describes: a list, eleven answers, and what they are days later.

Every byte of the answers stands here, and one request is on its way at a time, so that two runs
differ by nothing but times, ids and what is measured.
"""

from __future__ import annotations

import gzip
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tests import scrapy_process
from tests.archive.origin import CLOSE, RESET, Origin, Step
from tests.golden.listing import listing, masked_output
from tests.scrapy_process import CLOCK, GUARD

if TYPE_CHECKING:
    from subprocess import CompletedProcess

WRITTEN = Path(__file__).with_name("written.txt")

_FOLDER = "http://www.js.xinhuanet.com/2026-09/01"
_LIST = "http://www.js.xinhuanet.com/news/list.htm"
_CRAWL = (
    "crawl", "xinhua", "-s", "CONCURRENT_REQUESTS=1", "-s", "DOWNLOAD_DELAY=0",
    "-s", "RETRY_TIMES=0", "-s", "LOG_LEVEL=CRITICAL",
)  # fmt: skip


def _answer(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    lines = (f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}")
    return "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n" + body


def _article(title: str, *paragraphs: str, pager: str = "") -> bytes:
    text = "".join(f"<p>　　{one}</p>" for one in paragraphs)
    return f"""<html><head><meta charset="utf-8"><title>{title}-新华网江苏频道</title></head><body>
<h1 id="title">{title}</h1><div class="source"><span class="time">2026年09月01日 08:30:15</span>
来源： <em id="source">云溪日报</em></div>
<div class="article">{text}{pager}<p>[责任编辑： 喆镕]</p></div></body></html>""".encode()


_HTML = "Content-Type: text/html; charset=utf-8"
_ETAG = ('ETag: "a1"', "Last-Modified: Tue, 01 Sep 2026 00:30:15 GMT")
_UNCHANGED = _answer(b"", 'ETag: "a1"', status="304 Not Modified")
_GONE = _answer("<p>此文已删除。</p>".encode(), _HTML, status="410 Gone")
_BRIDGE = ("云溪桥通车", "云溪桥1日通车，两岸居民过河不再绕行。(记者 周一帆)")
_ZIPPED = gzip.compress(_article("旧粮仓变书房", "书房藏书两万册，设有儿童区。"), mtime=0)
_GZIP = _answer(_ZIPPED, _HTML, "Content-Encoding: gzip", "Vary: Accept-Encoding")
_FERRY = _article("渡口改建", "渡口将改建为公园。")
_CHUNKS = f"HTTP/1.1 200 OK\r\n{_HTML}\r\nTransfer-Encoding: chunked\r\n\r\n".encode() + b"".join(
    b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in (_FERRY[:300], _FERRY[300:], b"")
)
_PAGER = '<div id="div_currpage"><a href="c_1126000004_2.htm">2</a></div>'
_LINKS = "".join(
    f'<li><a href="{_FOLDER}/c_11260000{number:02}.htm">{title}</a> 09-01</li>'
    for number, title in enumerate(
        ("云溪桥通车", "旧粮仓变书房", "渡口改建", "古镇巡礼", "集市开张", "水库清淤", "果园丰收",
         "路灯更换", "河堤加固", "老街修缮"), 1,
    )
)  # fmt: skip

# What is answered first, by the last part of the address.
_FIRST: dict[str, tuple[Step, ...]] = {
    "robots.txt": (_answer(b"User-agent: *\nDisallow: /neibu/\n", "Content-Type: text/plain"),),
    "list.htm": (_answer(f"<html><body><ul>{_LINKS}</ul></body></html>".encode(), _HTML, *_ETAG),),
    "c_1126000001.htm": (_answer(_article(*_BRIDGE), _HTML, *_ETAG),),
    "c_1126000002.htm": (_GZIP,),
    "c_1126000003.htm": (_CHUNKS,),
    "c_1126000004.htm": (_answer(_article("古镇巡礼", "古镇有三座桥。", pager=_PAGER), _HTML),),
    "c_1126000004_2.htm": (_answer(_article("古镇巡礼", "最老的一座建于清初。"), _HTML),),
    "c_1126000005.htm": (
        _answer(b"", f"Location: {_FOLDER}/c_1126000015.htm", status="302 Found"),
    ),
    "c_1126000015.htm": (_answer(_article("集市开张", "集市每逢五、十开张。"), _HTML),),
    "c_1126000006.htm": (_answer(_article("水库清淤", "水库清淤三个月。"), _HTML),),
    "c_1126000007.htm": (_answer(b"<h1>404</h1>", _HTML, status="404 Not Found"),),
    "c_1126000008.htm": (_answer(_article("路灯更换", "路灯换了二百盏。"), _HTML)[:-40], CLOSE),
    "c_1126000009.htm": (RESET,),
    "c_1126000010.htm": (_answer(b"<html><body>hello</body></html>", _HTML),),
}  # fmt: skip

# Three days later: unchanged with and without a body, changed, withdrawn, found after all.
_LATER = _FIRST | {
    "list.htm": (_UNCHANGED,),
    "c_1126000001.htm": (_UNCHANGED,),
    "c_1126000003.htm": (_answer(_article("渡口改建", "渡口将改建为公园，明年开放。"), _HTML),),
    "c_1126000006.htm": (_GONE,),
    "c_1126000007.htm": (_answer(_article("果园丰收", "果园收了十万斤。"), _HTML),),
}


_ALL = ",".join(
    f"{_FOLDER}/{name}" for name in _FIRST if name.startswith("c_") and "_2" not in name
)
# What is answered, when (UTC), and what is asked for.
_RUNS = (
    (_FIRST, datetime(2026, 9, 1, 4, tzinfo=UTC), f"lists={_LIST}"),
    (_LATER, datetime(2026, 9, 4, 4, tzinfo=UTC), f"lists={_LIST}"),
    (_LATER, datetime(2026, 9, 4, 5, tzinfo=UTC), f"urls={_ALL}"),
    (_LATER, datetime(2026, 9, 4, 12, tzinfo=UTC), f"urls={_ALL}"),
)


def written(folder: Path) -> str:
    """Crawl into a new folder, verify it: exit codes, what was printed, all that was written."""
    data_dir = folder / "data"
    told = []
    for number, (kinds, moment, argument) in enumerate(_RUNS):
        (folder / str(number)).mkdir()
        with Origin(kinds, folder / str(number)) as origin:
            done = _run((*_CRAWL, "-a", argument), data_dir, moment, origin)
        told.append(f"crawl at {moment:%d. %H:%M}, {argument[:5]}: exit code {done.returncode}\n")
        told.append(masked_output(done.stdout + done.stderr, data_dir))
    verified = _run(("verify",), data_dir, moment, origin)
    told.append(f"verify: exit code {verified.returncode}\n")
    told.append(masked_output(verified.stdout + verified.stderr, data_dir))
    return "".join(told) + "\n" + listing(data_dir)


def _run(
    command: tuple[str, ...], data_dir: Path, moment: datetime, origin: Origin
) -> CompletedProcess[str]:
    """A command that begins at a moment, its ledger in the folder."""
    proxy = f"http://127.0.0.1:{origin.port}"
    env = {
        **os.environ, "http_proxy": proxy, "https_proxy": proxy, "no_proxy": "",
        "XINHUA_DATA_DIR": str(data_dir),
        "XINHUA_CONTACT": "tester@localhost",
        "CLOCK_SHIFT": str((moment - datetime.now(UTC)).total_seconds()),
        "PYTHONPATH": os.pathsep.join((str(CLOCK), str(GUARD))),
    }  # fmt: skip
    return scrapy_process.run(*command, env=env)
