"""Pages damaged at random: `make mutate`, or `python -m tests.quality.mutations [PAGES [SEED]]`.

Whatever becomes of a page, extraction ends in a record or in NotAnArticle, soon, and every value of
the record stands in the page. The same seed gives the same pages.
"""

from __future__ import annotations

import random
import re
import signal
import sys
import unicodedata
from collections import Counter
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from selectolax.lexbor import LexborHTMLParser

from crawler.extraction import extract
from crawler.layouts import NotAnArticle
from crawler.pages.encoding import decode_text
from tests.fixtures.kept import pages_of, synthetic

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from crawler.items import Article, Page

# Seconds a page may take; it takes milliseconds.
LIMIT = 5

TAGS = tuple(
    b"div span p td table tr br img a font script style ul li h1 iframe select textarea svg b i "
    b"template form center em body html head title noscript".split()
)
PIECES = (
    b"<!--", b"-->", b"<![CDATA[", b"]]>", b"</", b"<", b">", b'"', b"&#0;", b"&#x110000;",
    b"&#xD800;", b"&nbsp;", b"&lt;p&gt;", b"\x00", b"\x00" * 50, b"\xff\xfe", b"\xef\xbb\xbf",
    b"\x81", b"\xe4\xbd", b"\r", b"\x0c", b"\x1a", b"<base href='//[::1'>", b"<img src='http://[x'>",
    b"<meta charset=utf-16>", b"<meta charset=gb2312>", b"<p>&#8238;", b"2017-13-45 99:99:99",
    b"<frameset>", b"<plaintext>",
)  # fmt: skip


def _cut(body: bytes, rng: random.Random, _: Sequence[bytes]) -> bytes:
    return body[: rng.randrange(len(body) + 1)]


def _cut_in_a_tag(body: bytes, rng: random.Random, _: Sequence[bytes]) -> bytes:
    at = body.find(b"<", rng.randrange(len(body) + 1))
    return body[: at + rng.randrange(1, 12)] if at >= 0 else body


def _delete(body: bytes, rng: random.Random, _: Sequence[bytes]) -> bytes:
    first, last = _range(body, rng)
    return body[:first] + body[last:]


def _repeat(body: bytes, rng: random.Random, _: Sequence[bytes]) -> bytes:
    first, last = _range(body, rng)
    return body[:last] + body[first:last] * rng.randrange(1, 4) + body[last:]


def _move(body: bytes, rng: random.Random, _: Sequence[bytes]) -> bytes:
    first, last = _range(body, rng)
    rest = body[:first] + body[last:]
    at = rng.randrange(len(rest) + 1)
    return rest[:at] + body[first:last] + rest[at:]


def _other_bytes(body: bytes, rng: random.Random, _: Sequence[bytes]) -> bytes:
    changed = bytearray(body)
    for _times in range(rng.randrange(1, 30)):
        if changed:
            changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def _insert(body: bytes, rng: random.Random, _: Sequence[bytes]) -> bytes:
    at = rng.randrange(len(body) + 1)
    return body[:at] + rng.choice(PIECES) + body[at:]


def _nest(body: bytes, rng: random.Random, _: Sequence[bytes]) -> bytes:
    at = rng.randrange(len(body) + 1)
    return body[:at] + (b"<%s>" % rng.choice(TAGS)) * rng.randrange(1, 400) + body[at:]


def _drop_tags(body: bytes, rng: random.Random, _: Sequence[bytes]) -> bytes:
    share = rng.random() ** 2
    return re.sub(rb"<[^<>]*>", lambda tag: b"" if rng.random() < share else tag[0], body)


def _rename_tags(body: bytes, rng: random.Random, _: Sequence[bytes]) -> bytes:
    old, new = rng.choice(TAGS), rng.choice(TAGS)
    return re.sub(rb"(</?)" + old + rb"\b", rb"\1" + new, body)


def _drop_attributes(body: bytes, rng: random.Random, _: Sequence[bytes]) -> bytes:
    share = rng.random()
    return re.sub(
        rb' (?:id|class|src|style|href)="[^"<>]*"',
        lambda attribute: b"" if rng.random() < share else attribute[0],
        body,
    )


def _swap_names(body: bytes, rng: random.Random, _: Sequence[bytes]) -> bytes:
    names = re.findall(rb'(?:id|class)="[^"<>]*"', body)
    return body.replace(rng.choice(names), rng.choice(names)) if names else body


def _shuffle_tags(body: bytes, rng: random.Random, _: Sequence[bytes]) -> bytes:
    parts = re.split(rb"(<[^<>]*>)", body)
    for _times in range(rng.randrange(1, 12)):
        one, other = rng.randrange(len(parts)), rng.randrange(len(parts))
        parts[one], parts[other] = parts[other], parts[one]
    return b"".join(parts)


def _other_encoding(body: bytes, rng: random.Random, _: Sequence[bytes]) -> bytes:
    codecs = ("utf-8", "gb18030", "big5", "utf-16", "utf-8-sig", "latin-1")
    text = body.decode(rng.choice(codecs), "replace")
    return text.encode(rng.choice(codecs), "replace")


def _other_claim(body: bytes, rng: random.Random, _: Sequence[bytes]) -> bytes:
    claim = rng.choice((b"utf-8", b"gb2312", b"big5", b"utf-16", b"x-none", b"", b"'>"))
    return re.sub(rb"charset=[\"']?[a-z0-9-]+", b"charset=" + claim, body)


def _splice(body: bytes, rng: random.Random, others: Sequence[bytes]) -> bytes:
    other = rng.choice(others)
    return body[: rng.randrange(len(body) + 1)] + other[rng.randrange(len(other)) :]


def _mix(body: bytes, rng: random.Random, others: Sequence[bytes]) -> bytes:
    first, last = _range(other := rng.choice(others), rng)
    at = rng.randrange(len(body) + 1)
    return body[:at] + other[first:last] + body[at:]


MUTATIONS = (
    _cut, _cut_in_a_tag, _delete, _repeat, _move, _other_bytes, _insert, _nest, _drop_tags,
    _rename_tags, _drop_attributes, _swap_names, _shuffle_tags, _other_encoding, _other_claim,
    _splice, _mix,
)  # fmt: skip


def _range(body: bytes, rng: random.Random) -> tuple[int, int]:
    first = rng.randrange(len(body) + 1)
    return first, min(len(body), first + int(len(body) * rng.random() ** 3))


def mutants(count: int, seed: int) -> Iterator[tuple[str, list[Page]]]:
    """Damaged articles: the names of fixture and mutations, its pages."""
    kept = [(fixture.name, pages_of(fixture)) for fixture in synthetic()]
    bodies = [page.body for _, pages in kept for page in pages]
    for number in range(count):
        rng = random.Random(f"{seed}/{number}")
        name, pages = rng.choice(kept)
        at = rng.randrange(len(pages))
        body = pages[at].body
        for mutation in rng.choices(MUTATIONS, k=rng.choice((1, 1, 2, 3, 5))):
            body = mutation(body, rng, bodies)
            name += f" {mutation.__name__}"
        yield (
            f"{seed}/{number} {name}",
            [replace(p, body=body) if n == at else p for n, p in enumerate(pages)],
        )


# --- what may not happen -----------------------------------------------------------------------


def outcome(pages: Sequence[Page]) -> str:
    """How extraction ends, within its time; AssertionError when a value was made up."""
    with bounded():
        try:
            article = extract(pages)
        except NotAnArticle as verdict:
            return verdict.kind
    made_up = list(inventions(article, pages))
    assert not made_up, made_up
    return article.layout or ""


@contextmanager
def bounded(seconds: int = LIMIT) -> Iterator[None]:
    """What takes longer is stopped by an error; only our own work counts, whatever else is on."""

    def stop(*_: object) -> None:
        raise TimeoutError(f"over {seconds} s for a page")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def inventions(article: Article, pages: Sequence[Page]) -> Iterator[str]:
    """The values that don't stand in the pages, white space and invisible characters aside."""
    printed = "\n".join(said(page) for page in pages)
    source = "".join(bare(_decoded(page)) for page in pages)
    for where, text in _texts(asdict(article)):
        if where.startswith("codes."):  # they may stand in a script
            if bare(text) not in source:
                yield f"{where}: {text}"
        else:
            pieces = 12 if where in _CUT_INTO else 2  # an element unseen may stand in between
            lines = text.split() if where == "published_raw" else text.split("\n")
            if not all(stands(bare(line), printed, pieces) for line in lines):
                yield f"{where}: {text[:200]!r}"
    for kind in ("images", "videos", "attachments"):
        for medium in getattr(article, kind):
            address = urlsplit(medium.url)
            name = re.split(r"[/\\]", address.path.rstrip("/"))[-1] or address.query
            if bare(name) not in printed and bare(unquote(name)) not in unquote(printed):
                yield f"{kind}: {medium.url}"
    if article.published_at and article.published_raw:
        numbers = [int(n) for n in re.findall(r"\d+", article.published_raw)]
        compact = re.sub(r"\D", "", article.published_raw)
        for number in re.findall(r"\d+", article.published_at.removesuffix("+08:00")):
            if int(number) and int(number) not in numbers and number not in compact:
                yield f"published_at: {article.published_at} of {article.published_raw}"


# Texts out of which something may have been cut: the rest stands in the page piece by piece.
_CUT_INTO = frozenset({
    "title", "source", "source_raw", "paragraphs", "removed.text", "images.caption",
    "videos.caption",
})  # fmt: skip


def _texts(record: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for key in ("title", "subtitle", "kicker", "published_raw", "source", "source_raw",
                "byline_raw", "summary"):  # fmt: skip
        if record[key]:
            yield key, record[key]
    for key in ("paragraphs", "editors", "keywords", "channel"):
        yield from ((key, text) for text in record[key])
    for key, names in (("reporters", ["name"]), ("images", ["caption", "credit"]),
                       ("videos", ["caption"]), ("attachments", ["title"]),
                       ("removed", ["text"])):  # fmt: skip
        yield from ((f"{key}.{n}", item[n]) for item in record[key] for n in names if item[n])
    for key in ("dateline", "codes"):
        yield from ((f"{key}.{n}", text) for n, text in (record[key] or {}).items() if text)


def said(page: Page) -> str:
    """All a page's markup holds, read without the crawler's selectors: texts, then attributes."""
    root = LexborHTMLParser(_decoded(page)).root
    if root is None:
        return ""
    texts, attributes = [], []
    for node in root.traverse(include_text=True):
        if node.is_text_node:
            texts.append(node.text_content or "")
        else:
            attributes += [value for value in node.attributes.values() if value]
    return bare("".join(texts)) + "\n" + "\n".join(map(bare, attributes))


def _decoded(page: Page) -> str:
    return decode_text(page.body, page.header("Content-Type"))[0]


def bare(text: str) -> str:
    """A text in one width without white space and what nobody sees."""
    text = unicodedata.normalize("NFKC", text)
    return "".join(c for c in text if not c.isspace() and unicodedata.category(c)[0] != "C")


def stands(text: str, printed: str, pieces: int) -> bool:
    """Whether a text stands in a page in at most so many pieces, one after the other."""
    at = 0
    for _ in range(pieces):
        size = _longest_start(text, printed, at)
        at = printed.find(text[:size], at) + size
        text = text[size:]
    return not text


def _longest_start(text: str, printed: str, after: int) -> int:
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if printed.find(text[:middle], after) >= 0:
            low = middle
        else:
            high = middle - 1
    return low


def main() -> int:
    given = [int(argument) for argument in sys.argv[1:]]
    count, seed = [*given, *(20_000, 1)[len(given) :]]
    ends: Counter[str] = Counter()
    failures = []
    for name, pages in mutants(count, seed):
        try:
            ends[outcome(pages)] += 1
        except Exception as error:  # every kind of failure is what is looked for
            failures.append(f"{name}: {type(error).__name__}: {error}")
    for end, number in ends.most_common():
        sys.stdout.write(f"{number:7} {end}\n")
    sys.stdout.write("".join(f"FAILED {failure}\n" for failure in failures))
    sys.stdout.write(f"{count} pages, {len(failures)} failures\n")
    return int(bool(failures))


if __name__ == "__main__":
    sys.exit(main())
