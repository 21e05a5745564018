"""Real material served at its real address, when a folder of it is given.

Nothing of it is kept here: the texts and pages are read from the folder at run time.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.site.templates.common import esc

if TYPE_CHECKING:
    from pathlib import Path

SEED_URL = "http://www.js.xinhuanet.com/2017-09/28/c_1121738857.htm"
_LINE = re.compile(r"(\S+ \S+)\s+来源: (\S+)")


def seed_page(folder: Path) -> bytes:
    """The page of the text in `folder`, in the regional layout of its time.

    FACTS d, G3: the text's lines are, in order, title, time and source, the half-open tool line,
    the body, the editor in brackets, the disclaimer, the 42 digits. Each stays where it stood.
    """
    text = next(iter(sorted(folder.glob("*.txt")))).read_text("utf-8")
    title, info, tools, *rest = text.strip("\n").split("\n")
    match = _LINE.search(info)
    if match is None:
        message = f"no time and source in {info!r}"
        raise ValueError(message)
    editor = next(n for n, line in enumerate(rest) if line.startswith("(责任编辑"))
    code = rest[-1].strip()
    body = "\n".join(f"<p>{esc(line)}</p>" for line in rest[:editor] if line.strip())
    notice = "\n".join(f"<p>{esc(line)}</p>" for line in rest[editor + 1 : -1] if line.strip())
    return f"""<!DOCTYPE html>
<html><head><meta http-equiv="Content-Type" content="text/html; charset=utf-8" />
<meta name="publishid" content="1121738857.12.1002.0"/>
<title>{esc(title)}_新华网江苏频道</title></head>
<body>
<div id="article">
<h1 id="title">{esc(title)}</h1>
<div class="info"><span class="time">{match[1]}</span> 来源: <em id="source">{esc(match[2])}</em>
</div>
<div class="tool">{esc(tools)}<script>document.write("】");</script></div>
<div class="article">
{body}
</div>
<div class="bianji"><span class="editor">{esc(rest[editor])}</span></div>
<div class="shengming">{notice}</div>
</div>
<div style="display:none"><div id="fwl">{code}</div></div>
</body></html>
""".encode()


def load(folder: Path) -> dict[tuple[str, str], bytes]:
    """(host, path) → bytes of the saved pages that have a gold file, and of the seed's page."""
    seed = urlsplit(SEED_URL)
    pages = {(seed.netloc, seed.path): seed_page(folder / "seed")}
    for saved in sorted((folder / "pages").glob("*.html")):
        gold = folder / "pages" / "gold" / f"{saved.stem}.json"
        url = urlsplit(json.loads(gold.read_text("utf-8"))["url"])
        pages[url.netloc, url.path] = saved.read_bytes()
    return pages
