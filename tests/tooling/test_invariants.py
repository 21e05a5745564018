"""tests/README.md names a test of `make test` for each of the eleven invariants."""

from __future__ import annotations

import ast
import re

from tests.conftest import PROJECT

ROW = re.compile(r"^\| .+ \| `([^`]+\.py)::(test_\w+)` \|$", re.MULTILINE)


def test_each_invariant_has_a_test_that_is_not_left_to_the_night() -> None:
    rows = ROW.findall((PROJECT / "tests" / "README.md").read_text())
    assert len(rows) == 13
    for path, name in rows:
        tree = ast.parse((PROJECT / "tests" / path).read_text())
        (test,) = (
            one for one in tree.body if isinstance(one, ast.FunctionDef) and one.name == name
        )
        assert not any("nightly" in ast.unparse(one) for one in test.decorator_list), name
