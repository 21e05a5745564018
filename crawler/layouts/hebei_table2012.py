"""HebeiTable2012: Hebei, about 2010 to 2013, a table known by the heights of its cells."""

from __future__ import annotations

from crawler.layouts.layout import Layout, Selectors


class HebeiTable2012(Layout):
    """Title in a 40-pixel cell, `( time ) 稿件来源：` below it, the text in a 700-pixel cell.

    Paragraphs are unclosed `<p>` indented with no-break spaces; author and editor stand in a table
    after the text. Seen on he.xinhuanet.com/news/2012-06/04/content_25340717.htm.
    """

    name = "HebeiTable2012"
    marks = ("td[height='40'] b, td[height='40'] strong", "td[height='700']")
    foreign = ("#p-detail", "#detail", "#article", "#title", "#Title", "#Content", "#content")
    phrases = ("稿件来源",)
    selectors = Selectors(
        body=("td[height='700']",),
        title=("td[height='40'] b", "td[height='40'] strong"),
        author_lines=True,
    )
