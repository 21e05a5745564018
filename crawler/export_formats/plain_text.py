"""Published lines as text for corpus work: one `<doc>` element an article, a paragraph a line.

The form that corpus tools read as vertical input or with WikiExtractor's readers: attributes hold
what one filters by, the text within is the title and the paragraphs, `&`, `<` and `>` escaped.
Lines without text (withdrawn articles, films) are left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr

from crawler.export_formats.selection import write_each

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import BinaryIO

    from crawler.export_formats.selection import PublishedLine


# Attribute to the key of a line that it shows.
ATTRIBUTES = {
    "id": "id",
    "version": "version",
    "status": "status",
    "region": "region.code",
    "date": "published_at",
    "source": "source",
    "url": "canonical_url",
}


def text_columns() -> dict[str, str]:
    """Attribute of an element to the key of a line that it shows; then its lines."""
    return ATTRIBUTES | {"first line": "title", "further lines": "paragraphs[]"}


def write_text(lines: Iterable[PublishedLine], file: BinaryIO) -> int:
    """Write the documents; the number written. Raises BadLineError, OSError."""
    return write_each(lines, file, lambda line: document(line).encode() if line["body"] else b"")


def document(line: dict[str, Any]) -> str:
    """The element of a line, with its line feed."""
    values = (
        line["id"],
        str(line["version"]),
        line["status"],
        line["region"]["code"] if line["region"] else "",
        (line["published_at"] or "")[:10],
        line["source"] or "",
        line["canonical_url"],
    )
    pairs = zip(ATTRIBUTES, values, strict=True)
    head = " ".join(f"{name}={quoteattr(value)}" for name, value in pairs)
    texts = [line["title"] or "", *line["paragraphs"]]
    body = "\n".join(escape(text.replace("\n", " ")) for text in texts if text)
    return f"<doc {head}>\n{body}\n</doc>\n"
