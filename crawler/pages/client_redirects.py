"""Where a page sends its reader by a meta refresh or a script, and what kind of address that is.

A firewall, a login or a consent page sends everybody somewhere, whatever they ask for; an article
that was taken off the site is answered by the site's front page or by a page that says so.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from crawler import urls
from crawler.pages.document import elements_around
from crawler.pages.errors import NotAnArticle

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from crawler.pages.document import Document, Node

_META = "meta[http-equiv='refresh' i]"
# Characters of a refresh that are read.
_MAX_CONTENT = 4096
# The shared declarative refresh steps of the HTML Standard, on a content with single blanks.
_REFRESH = re.compile(
    r"(?:([0-9]{1,9})[0-9.]*|\.[0-9.]*) ?(?:[;, ] ?)(?:url ?= ?)?+(.*)", re.IGNORECASE
)
# where a meta is text, a copy to be made, or for readers without scripts, which browsers have
_NOT_IN_EFFECT = frozenset(
    {"template", "noscript", "noframes", "iframe", "textarea", "svg", "math"}
)
# Elements around a refresh that are looked at; one further down is in effect for nobody.
_MAX_DEPTH = 1000

# Characters of a page's scripts that are read, and of an address in a refusal.
_MAX_SCRIPT = 65536
_MAX_SHOWN = 500
# What names another address, and what moves a reader to one that may not be named.
_LOCATION = re.compile(
    r"location(?:\.href)?\s{0,9}=(?!=)\s{0,9}[\"'`]([^\"'`\s]{0,2048})[\"'`]"
    r"|location\.(?:replace|assign)\s{0,9}\(\s{0,9}[\"'`]([^\"'`\s]{0,2048})[\"'`]"
)
_MOVES = re.compile(
    r"location(?:\.href)?\s{0,9}=(?!=)|location\.(?:replace|assign|reload)\s{0,9}\("
    r"|history\.(?:go|back)\s{0,9}\(|\.submit\s{0,9}\(|document\.cookie\s{0,9}=(?!=)"
)
_SETS_COOKIE = re.compile(r"document\.cookie\s{0,9}=(?!=)")

_WORD = re.compile(r"[a-z0-9]+")

# Words in the addresses of pages that stand between a reader and whatever was asked for.
_GATES = frozenset({
    "login", "signin", "logon", "denglu", "sso", "cas", "oauth", "oauth2", "auth", "passport",
    "captcha", "verify", "verification", "verifycode", "yanzheng", "yanzhengma", "validate",
    "challenge", "consent", "cookieconsent", "waf", "firewall", "antispider", "antibot", "robot",
    "botcheck", "humancheck", "intercept", "interception", "block", "blocked", "blockpage",
    "forbidden", "denied", "accessdenied", "guard", "401", "403", "405", "429", "500", "502",
    "503", "504", "50x", "maintenance", "busy", "sorry",
})  # fmt: skip

_FRONT = re.compile(r"/(?:[^/]{1,200}/){0,20}(?:(?:index|default)\.[a-z]{3,5})?", re.ASCII)
_MISSING = re.compile(
    r"(?:/[^/]{1,200}){0,20}/(?:(?:err(?:or)?[_-]?)?404|not[_-]?found|page[_-]?not[_-]?found)"
    r"(?:\.[a-z]{3,5}|/)?",
    re.ASCII | re.IGNORECASE,
)
# the page that the site's own script sends readers of old articles to
_SKIPPED = "/webSkipping.htm"


def refresh_of(doc: Document, longest: int) -> str | None:
    """The address that the page's meta refresh leads to within `longest` seconds, as a browser with
    scripts takes it: the first one in effect, as long as it leads away from the page."""
    for node in doc.all(_META):
        found = _REFRESH.fullmatch(_content(node))
        if found is None or not _is_in_effect(node):
            continue
        if int(found[1] or 0) > longest:
            return None
        target = doc.absolute(_unquoted(found[2]))
        return None if target is None or is_same_page(target, doc.url) else target
    return None


def _content(node: Node) -> str:
    return " ".join((node.attributes.get("content") or "")[:_MAX_CONTENT].split())


def _unquoted(address: str) -> str:
    quote = address[:1]
    return address[1:].partition(quote)[0] if quote in ("'", '"') else address


def _is_in_effect(node: Node) -> bool:
    around = [element.tag for element in islice(elements_around(node), _MAX_DEPTH)]
    return len(around) < _MAX_DEPTH and _NOT_IN_EFFECT.isdisjoint(around)


def is_same_page(one: str, other: str) -> bool:
    """Whether two addresses name one page of one host and scheme, whatever follows the path."""
    here, there = urlsplit(urls.canonical(one)), urlsplit(urls.canonical(other))
    return (here.scheme, here.netloc, here.path) == (there.scheme, there.netloc, there.path)


def refuse_stub(doc: Document) -> None:
    """Raise NotAnArticle for a page that shows next to nothing and sends its reader on: `challenge`
    where that leads back or to a gate, or can't be told, else `script_redirect`."""
    script = "\n".join(_scripts(doc))[:_MAX_SCRIPT]
    metas = [_REFRESH.fullmatch(_content(node)) for node in doc.all(_META)]
    if not metas and not _MOVES.search(script):
        return
    scripted = _absolute(doc, (one or other for one, other in _LOCATION.findall(script)))
    targets = scripted + _absolute(doc, (_unquoted(one[2]) for one in metas if one))
    if not targets or _SETS_COOKIE.search(script) or _leads_back(doc.url, scripted, targets):
        raise NotAnArticle("challenge", "a script that leads back, to a gate or nobody knows where")
    raise NotAnArticle("script_redirect", targets[-1][:_MAX_SHOWN], leads_to=targets[-1])


def _leads_back(url: str, scripted: Iterable[str], targets: Iterable[str]) -> bool:
    """Whether one of the targets is the page itself or a gate, or a script's the article."""
    article_id = urls.article_id(url)
    return any(urls.article_id(one) == article_id for one in scripted) or any(
        is_same_page(one, url) or is_gate(one, url) for one in targets
    )


def _absolute(doc: Document, named: Iterable[str]) -> list[str]:
    return [target for one in named if (target := doc.absolute(one))]


def _scripts(doc: Document) -> Iterator[str]:
    for node in doc.all("script"):
        yield node.text() or ""
    for node in doc.all("body[onload]"):
        yield node.attributes.get("onload") or ""


def is_gate(url: str, asked: str) -> bool:
    """Whether an address is that of a page which stands between a reader and what was `asked` for:
    a login, a captcha, a consent or a block page, or any that is told where to lead back."""
    if urls.article(url) is not None:
        return False
    parts = urlsplit(url.lower())
    names = [pair.partition("=")[0] for pair in parts.query.split("&")]
    words = {w for text in (parts.netloc, parts.path, *names) for w in _WORD.findall(text)}
    article = urls.article(asked)
    told = unquote(f"{parts.query} {parts.fragment}")
    return not _GATES.isdisjoint(words) or (article is not None and article.id in told)


def is_front(url: str) -> bool:
    """Whether an address is that of a site's or a column's front page."""
    parts = urlsplit(url)
    return not parts.query and _FRONT.fullmatch(parts.path or "/") is not None


def is_farewell(url: str) -> bool:
    """Whether only articles that are not there lead to an address: a page of its own that says so,
    or the one for old pages."""
    path = urlsplit(url).path
    return path == _SKIPPED or _MISSING.fullmatch(path) is not None
