"""Published lines as text for corpus work: one `<doc>` element an article, a paragraph a line.

The form that corpus tools read as vertical input or with WikiExtractor's readers: attributes hold
what one filters by, the text within is the title and the paragraphs, `&`, `<` and `>` escaped.
Lines without text (withdrawn articles, films) are left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr

from crawler.export_formats.line_writer import write_each

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import BinaryIO

    from crawler.export_formats.selection import PublishedLine


def write_text(lines: Iterable[PublishedLine], file: BinaryIO) -> int:
    """Write the documents; the number written. Raises OSError."""
    return write_each(lines, file, lambda line: document(line).encode() if line["body"] else b"")


def document(line: dict[str, Any]) -> str:
    """The element of a line, with its line feed."""
    region = line["region"]
    attributes = {
        "id": line["id"],
        "version": str(line["version"]),
        "status": line["status"],
        "region": region["code"] if region else "",
        "date": (line["published_at"] or "")[:10],
        "source": line["source"] or "",
        "url": line["canonical_url"],
    }
    head = " ".join(f"{name}={quoteattr(value)}" for name, value in attributes.items())
    texts = [line["title"] or "", *line["paragraphs"]]
    body = "\n".join(escape(text.replace("\n", " ")) for text in texts if text)
    return f"<doc {head}>\n{body}\n</doc>\n"
