"""Names of files of any bytes, for a person and for programs."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.file_name_escapes import readings, shown, written


@pytest.mark.parametrize(
    ("name", "on_screen", "in_json"),
    [
        (b"plain.warc.gz", "plain.warc.gz", "plain.warc.gz"),
        ("江苏 100%.warc".encode(), "江苏 100%.warc", "江苏 100%.warc"),
        (b"\xbd\xad%41.warc", r"\xbd\xad%41.warc", "%BD%AD%2541.warc"),
        (b"two\nlines\x1b[31m", r"two\nlines\x1b[31m", "two\nlines\x1b[31m"),
        ("line\u2028end".encode(), r"line\u2028end", "line\u2028end"),
    ],
)
def test_a_name_is_one_line_and_can_be_written(name: bytes, on_screen: str, in_json: str) -> None:
    assert shown(os.fsdecode(name)) == on_screen
    assert written(os.fsdecode(name)) == in_json


@given(st.binary(min_size=1, max_size=20).filter(lambda name: b"\0" not in name))
def test_what_is_written_can_be_read_again(name: bytes) -> None:
    text = written(os.fsdecode(name))
    assert text.encode()
    assert name in {os.fsencode(one) for one in readings(text)}
    assert "\n" not in shown(os.fsdecode(name))
