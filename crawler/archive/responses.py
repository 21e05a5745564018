"""The Scrapy response of a Page: the same for a live answer and for a replayed one.

In: a Page, its body decoded. Out: a response in the class that its content calls for, with the
headers as they came, but for the content coding that is undone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.http import Headers
from scrapy.utils._download_handlers import make_response

if TYPE_CHECKING:
    from scrapy.http import Response

    from crawler.items import Page


def respond(page: Page, live: Response | None = None) -> Response:
    """The response of a page; `live` is Scrapy's own, whose connection facts are kept."""
    headers = Headers(
        (name.encode("latin-1"), value.encode("latin-1"))
        for name, value in page.headers
        if name.lower() != "content-encoding"
    )
    return make_response(
        url=page.url,
        status=page.status,
        headers=headers,
        body=page.body,
        flags=live.flags if live else None,
        certificate=live.certificate if live else None,
        ip_address=live.ip_address if live else None,
        protocol=live.protocol if live else None,
    )
