"""The sort key of a URL in web archive indexes (SURT), as the Internet Archive's tools make it.

In: an http or https URL. Out: `com,xinhuanet,js)/2017-09/28/c_1.htm`. Lower case throughout, host
reversed without www, path and query unescaped as far as it goes and escaped again, session ids
cut, query parts sorted. The rules are those of the wayback canonicaliser, which readers share.
"""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes, urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}
_WWW = re.compile(r"www\d*\.")
_TO_ESCAPE = re.compile(rb"[\x00-\x20\x7f-\xff#]|%(?![0-9A-Fa-f]{2})")
_PATH_SESSION = re.compile(r"/\((?:[a-z]\([0-9a-z]{24}\)|[0-9a-z]{24})\)(?=/[^?]+\.aspx)")
_QUERY_SESSION = re.compile(
    r"(?:jsessionid=[0-9a-z]{32}|phpsessid=[0-9a-z]{32}|sid=[0-9a-z]{32}"
    r"|aspsessionid[a-z]{8}=[a-z]{24}|cfid=[^&]+&cftoken=[^&]+)(?:&|$)"
)


def surt(url: str) -> str:
    """The sort key of an http or https URL; anything else is returned as it is."""
    parts = urlsplit(re.sub(r"[\t\r\n]", "", url).strip())
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        return url
    host = parts.hostname.strip(".")
    www = _WWW.match(host)
    host = host[www.end() :] if www else host
    labels = [host] if ":" in host else host.split(".")[::-1]
    port = "" if parts.port in (None, _DEFAULT_PORTS[parts.scheme]) else f":{parts.port}"
    query = _query(parts.query)
    return f"{','.join(labels)}{port}){_path(parts.path)}{'?' + query if query else ''}"


def _path(raw: str) -> str:
    segments: list[str] = []
    for segment in _escaped(raw).removeprefix("/").split("/"):
        if segment == ".." and segments:
            segments.pop()  # an empty segment too: they are dropped afterwards
        elif segment != ".":
            segments.append(segment)
    path = "/" + "/".join(segment for segment in segments if segment).lower()
    return _PATH_SESSION.sub("", path)


def _query(raw: str) -> str:
    query = _QUERY_SESSION.sub("", _escaped(raw).lower())
    return "&".join(sorted(query.split("&"), key=lambda part: part.split("=", 1)))


def _escaped(text: str) -> str:
    """Unescaped until nothing is left to unescape, then the unprintable escaped again."""
    data = text.encode()
    while (unescaped := unquote_to_bytes(data)) != data:
        data = unescaped
    return _TO_ESCAPE.sub(lambda match: b"%%%02x" % match[0][0], data).decode("latin-1")
