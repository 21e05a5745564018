"""Digests of blocks and payloads, `algorithm:value` (ISO 28500:2017 5.8): made and compared."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re

_LABELLED = re.compile(r"[a-z0-9-]+:[A-Za-z0-9+/=_-]+", re.ASCII)
# Bytes of a digest by the algorithms that archives name.
_SIZES = {"md5": 16, "sha1": 20, "sha256": 32, "sha512": 64}
# Characters of a SHA-1 in base 32, which indexes have without a label.
_SHA1_LENGTH = 32


def digest(data: bytes) -> str:
    """The digest we write: a labelled SHA-1 in base 32, the one form that every checker reads.

    It finds damage; against forgery the manifest has each file's SHA-256.
    """
    sha1 = hashlib.sha1(data, usedforsecurity=False).digest()
    return f"sha1:{base64.b32encode(sha1).decode()}"


def digest_key(stated: str) -> str:
    """A labelled digest in one form, equal for equal digests, be it in base 32 as most have it or
    in hexadecimal as warcprox has it. Without a label 32 characters are a SHA-1, as in indexes.
    Anything else is returned as it is."""
    label, colon, value = stated.partition(":")
    if not colon and len(stated) == _SHA1_LENGTH:
        label, value = "sha1", stated
    algorithm = _algorithm(label)
    size = _SIZES.get(algorithm)
    if size is None:
        return stated
    try:
        is_hex = len(value) == 2 * size
        raw = bytes.fromhex(value) if is_hex else base64.b32decode(value.upper())
    except (ValueError, binascii.Error):
        return stated
    return f"{algorithm}:{raw.hex()}"


def is_labelled(stated: str) -> bool:
    """Whether a digest is written as the standard has it, so that lines can have it as it is."""
    return _LABELLED.fullmatch(stated) is not None


def is_digest_of(stated: str, data: bytes) -> bool | None:
    """Whether a labelled digest is that of the data; None where it names no algorithm we know."""
    label, colon, _ = stated.partition(":")
    algorithm = _algorithm(label)
    if not colon or algorithm not in _SIZES:
        return None
    computed = hashlib.new(algorithm, data, usedforsecurity=False).hexdigest()
    return digest_key(stated) == f"{algorithm}:{computed}"


def _algorithm(label: str) -> str:
    return label.strip().lower().replace("-", "")
