"""The Scrapy response of a Page: the same for a live answer and for a replayed one.

In: a Page, its body decoded. Out: a response in the class that its content calls for, with the
headers as they came, but for the content coding that is undone and the address of a redirect, which
is the one a browser would go to.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from scrapy.http import Headers
from scrapy.utils._download_handlers import make_response

from crawler import urls

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy.http import Response

    from crawler.items import Page

_NOT_ASCII = re.compile("[\x80-\xff]")


def respond(page: Page, live: Response | None = None) -> Response:
    """The response of a page; `live` is Scrapy's own, whose connection facts are kept."""
    headers = Headers(
        (name.encode("latin-1"), value.encode("latin-1")) for name, value in _headers(page)
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


def _headers(page: Page) -> Iterator[tuple[str, str]]:
    for name, value in page.headers:
        match name.lower():
            case "content-encoding":
                continue
            case "location":
                # Bytes over 0x7f are escaped as they are; one that is empty or no address is none.
                address = _NOT_ASCII.sub(lambda byte: f"%{ord(byte[0]):02X}", value)
                if address and (url := urls.join(page.url, address)):
                    yield name, url
            case _:
                yield name, value
