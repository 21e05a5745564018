"""Real material served at its real address, when a folder of it is given.

Nothing of it is kept here: the texts and pages are read from the folder at run time.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.site.channels import CHANNELS
from tests.site.story import Block, Story
from tests.site.templates import render
from tests.site.templates.g3 import VARIANTS

if TYPE_CHECKING:
    from pathlib import Path

SEED_URL = "http://www.js.xinhuanet.com/2017-09/28/c_1121738857.htm"
_INFO = re.compile(r"(\d+)年(\d+)月(\d+)日 ([\d:]{8}) 来源: (.+)")
_EDITOR = re.compile(r"\(责任编辑: (\S+) \)")


def seed_page(folder: Path, markup: str = "seed") -> bytes:
    """The page of the text in `folder`, in the regional layout of its time.

    FACTS d, G3: the text's lines are title, time and source, the half-open tool line, the body,
    the editor in brackets, the disclaimer, the 42 digits. `markup` is one of `g3.VARIANTS`; the
    default keeps them all in one container, as the text stands.
    """
    text = next(iter(sorted(folder.glob("*.txt")))).read_text("utf-8")
    title, info, _, *rest = [line.strip() for line in text.split("\n") if line.strip()]
    printed = _INFO.search(info)
    place, editor = next(
        (n, match) for n, line in enumerate(rest) if (match := _EDITOR.fullmatch(line))
    )
    if printed is None:
        message = f"no time and source in {info!r}"
        raise ValueError(message)
    year, month, day, clock, source = printed.groups()
    channel = CHANNELS["js"]
    story = Story(
        id="1121738857",
        region=channel.key,
        channel=channel.name,
        url=SEED_URL,
        layout="g3",
        kind="text",
        variant=VARIANTS.index(markup),
        encoding="utf-8",
        title=title,
        published=datetime.fromisoformat(f"{year}-{month}-{day}T{clock}"),
        precision="second",
        source=source,
        meta_source=source,
        reporters=(),
        editors=(editor[1],),
        author=None,
        blocks=tuple(Block("text", line) for line in rest[:place]),
        keywords=(),
        summary="",
        dateline=None,
        catalog=channel.catalog,
        node=1112213,
    )
    return render("g3", story)


def load(folder: Path) -> dict[tuple[str, str], bytes]:
    """(host, path) → bytes of the saved pages that have a gold file, and of the seed's page."""
    seed = urlsplit(SEED_URL)
    pages = {(seed.netloc, seed.path): seed_page(folder / "seed")}
    for saved in sorted((folder / "pages").glob("*.html")):
        gold = folder / "pages" / "gold" / f"{saved.stem}.json"
        url = urlsplit(json.loads(gold.read_text("utf-8"))["url"])
        pages[url.netloc, url.path] = saved.read_bytes()
    return pages
