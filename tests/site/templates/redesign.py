"""A redesign: the same page with every id and class under a name nobody has seen."""

from __future__ import annotations

import re
from hashlib import md5

_NAMES = re.compile(rb'\b(id|class)="([^"<>]*)"')


def redesigned(page: bytes) -> bytes:
    """The page in its new dress; words, metas and addresses stay."""

    def rename(match: re.Match[bytes]) -> bytes:
        names = (b"n" + md5(name).hexdigest()[:8].encode() for name in match[2].split())
        return b'%b="%b"' % (match[1], b" ".join(names))

    return _NAMES.sub(rename, page)
