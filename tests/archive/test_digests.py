"""Digests as archives write them, and what they are of."""

from __future__ import annotations

import base64
import hashlib

import pytest

from crawler.archive.digests import digest, digest_key, is_digest_of

DATA = b"the block of a record"


def test_digests_in_one_form() -> None:
    of = hashlib.sha1(DATA).digest()
    forms = (
        f"sha1:{base64.b32encode(of).decode()}",
        f"SHA1:{of.hex()}",
        f"sha-1:{of.hex().upper()}",
    )
    assert {digest_key(form) for form in forms} == {f"sha1:{of.hex()}"}
    for other in ("", "sha1:", "sha1:!", "crc:00", of.hex()):
        assert digest_key(other) == other


@pytest.mark.parametrize(
    ("stated", "answer"),
    [
        (digest(DATA), True),
        (f"SHA-256:{hashlib.sha256(DATA).hexdigest()}", True),
        (digest(DATA + b"!"), False),
        ("sha1:no base 32", False),
        (f"blake3:{'0' * 64}", None),
        (digest(DATA).removeprefix("sha1:"), None),
    ],
)
def test_what_a_digest_is_of(stated: str, answer: bool | None) -> None:
    assert is_digest_of(stated, DATA) is answer
