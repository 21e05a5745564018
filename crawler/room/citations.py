"""How an archived version is cited: as text, BibTeX, RIS and CSL-JSON.

In: a line's record and the permanent address of its version. Out: text in which the archive's
pointer and digest stand, so that the citation can be checked without this room.

Text is by GB/T 7714-2015 (electronic resources, [N/OL] for news); the formats are BibTeX's
`@online` as biblatex has it, RIS's `NEWS`, and CSL-JSON's `article-newspaper`.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from crawler.clock import BEIJING
from crawler.room.rendering import local

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

SITE = "新华网"

# What TeX reads as a command; each is written by its own.
_TEX = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#",
    "%": r"\%", "_": r"\_", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}",
}  # fmt: skip
_CONTROLS = re.compile(r"\s+")


def as_text(line: Mapping[str, Any], address: str, at: datetime) -> str:
    """One line for a footnote; `at` is when it was looked up."""
    people = ", ".join(_names(line)) or line["source"] or SITE
    day = (line["published_at"] or "")[:10]
    published = f"({day})" if day else ""
    read = f"[{at.astimezone(BEIJING):%Y-%m-%d}]"
    return _one_line(
        f"{people}. {line['title'] or ''}[N/OL]. {_publication(line)}, {published}{read}. "
        f"{line['url']}. 存档: {address}, {_pointer(line)}."
    )


def as_bibtex(line: Mapping[str, Any], address: str, at: datetime) -> str:
    """A BibTeX entry."""
    fields = {
        "author": " and ".join(f"{{{_tex(name)}}}" for name in _names(line)),
        "title": f"{{{_tex(line['title'] or '')}}}",
        "organization": f"{{{_tex(_publication(line))}}}",
        "date": (line["published_at"] or "")[:10],
        "url": _url(line["url"]),
        "urldate": f"{at.astimezone(BEIJING):%Y-%m-%d}",
        "version": str(line["version"]),
        "eprint": _url(address),
        "eprinttype": "archive",
        "note": _tex(_pointer(line)),
        "langid": "chinese",
    }
    body = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items() if value)
    return f"@online{{xinhua-{line['id']}-{line['version']},\n{body}\n}}\n"


def as_ris(line: Mapping[str, Any], address: str, at: datetime) -> str:
    """An RIS record; lines end with CR LF, as the format wants it."""
    day = (line["published_at"] or "")[:10]
    rows = [("TY", "NEWS"), *(("AU", name) for name in _names(line))]
    rows += [("TI", line["title"] or ""), ("T2", _publication(line))]
    if day:
        rows += [("PY", day[:4]), ("DA", day.replace("-", "/"))]
    rows += [
        ("UR", line["url"]),
        ("Y2", f"{at.astimezone(BEIJING):%Y/%m/%d}"),
        ("AN", f"{line['id']}, version {line['version']}"),
        ("DB", "xinhua-archive"),
        ("L1", address),
        ("N1", _pointer(line)),
        ("LA", line["language"] or "zh"),
    ]
    return "".join(f"{tag}  - {_one_line(value)}\r\n" for tag, value in rows if value) + (
        "ER  - \r\n"
    )


def as_csl_json(line: Mapping[str, Any], address: str, at: datetime) -> str:
    """A CSL-JSON list of one item."""
    item: dict[str, Any] = {
        "id": f"xinhua-{line['id']}-{line['version']}",
        "type": "article-newspaper",
        "title": line["title"] or "",
        "author": [{"literal": name} for name in _names(line)],
        "container-title": _publication(line),
        "URL": line["url"],
        "accessed": _date(f"{at.astimezone(BEIJING):%Y-%m-%d}"),
        "archive": "xinhua-archive",
        "archive_location": address,
        "version": str(line["version"]),
        "note": _pointer(line),
        "language": line["language"] or "zh-CN",
    }
    if line["published_at"]:
        item["issued"] = _date(line["published_at"][:10])
    kept = {name: value for name, value in item.items() if value}
    return json.dumps([kept], ensure_ascii=False, indent=1) + "\n"


# Ending of the address → media type and what writes it.
FORMS: dict[str, tuple[str, Callable[[Mapping[str, Any], str, datetime], str]]] = {
    "txt": ("text/plain", as_text),
    "bib": ("application/x-bibtex", as_bibtex),
    "ris": ("application/x-research-info-systems", as_ris),
    "json": ("application/vnd.citationstyles.csl+json", as_csl_json),
}


def _names(line: Mapping[str, Any]) -> list[str]:
    return [one["name"] for one in line["reporters"] if one["role"] != "photographer"]


def _publication(line: Mapping[str, Any]) -> str:
    return f"{SITE}{line['region']['name']}频道" if line["region"] else SITE


def _pointer(line: Mapping[str, Any]) -> str:
    """Where the bytes are, and by what they are known."""
    warc = line["warc"]
    return (
        f"archived {local(line['fetched_at'], 'second')} (Beijing), version {line['version']}, "
        f"WARC {warc['file']} offset {warc['offset']}, record {warc['record_id']}, "
        f"entity sha256:{warc['entity_sha256']}, content sha256:{line['content_sha256']}"
    )


def _date(day: str) -> dict[str, Any]:
    return {"date-parts": [[int(part) for part in day.split("-")]]}


def _tex(text: str) -> str:
    return "".join(_TEX.get(character, character) for character in _one_line(text))


def _url(text: str) -> str:
    """An address in a field that biblatex takes as it stands; braces would end the field."""
    return text.replace("{", "%7B").replace("}", "%7D").replace("\\", "%5C")


def _one_line(text: str) -> str:
    return _CONTROLS.sub(" ", text).strip()
