"""What stands in logs, reports and mails in the place of secrets.

Secrets are the values of some settings and the passwords in addresses (RFC 3986, 3.2.1).
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

SECRET_SETTINGS: Final = ("PING_URL", "WEBHOOK_URL")
MASK: Final = "***"

_PASSWORD = re.compile(r"(?<=://)([^/@\s:]*):[^/@\s]*(?=@)")
# SQLAlchemy takes whatever stands before the @ of a database's address, slashes too.
_OF_DATABASE = re.compile(r"(postgres[\w+]*://[^:/@\s]*):[^@\n]*(?=@)")
_PARAMETER = re.compile(r"(?<=[?&])((?:ssl)?password)=[^&\s]*")
_SETTING = re.compile(rf"({'|'.join(SECRET_SETTINGS)})=.*", re.DOTALL)


def masked(text: str) -> str:
    """The text with the passwords of addresses in it masked; user names stay."""
    text = _OF_DATABASE.sub(rf"\1:{MASK}", text)
    return _PARAMETER.sub(rf"\1={MASK}", _PASSWORD.sub(rf"\1:{MASK}", text))


def masked_command(words: Sequence[str]) -> str:
    """A command line as a shell would take it, secrets masked: the value of a secret setting, given
    as `-s NAME=VALUE`, `-sNAME=VALUE` or `--set NAME=VALUE`, and passwords."""
    return shlex.join(masked(_SETTING.sub(rf"\1={MASK}", word)) for word in words)
