"""The lock files: hashed, at home nowhere, and in step with pyproject.toml."""

from __future__ import annotations

import re
import subprocess
import tomllib

import pytest
from packaging.requirements import Requirement

from tests.conftest import PROJECT

LOCKS = ("requirements.lock", "requirements-dev.lock")
PIN = re.compile(
    r"^([a-z0-9-]+)(?:\[[a-z0-9, -]+\])?==([^ ;\\]+)[^\n]*\\\n"
    r"((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)"
)


def pins(text: str) -> dict[str, str]:
    """Name to version of each pinned package; raises ValueError on any line that is not one."""
    found: dict[str, str] = {}
    rest = re.sub(r"^ *#.*\n", "", text, flags=re.MULTILINE)
    while rest:
        match = PIN.match(rest)
        if match is None:
            message = "not a hashed pin: " + rest.partition("\n")[0]
            raise ValueError(message)
        found[match[1]] = match[2]
        rest = rest[match.end() :]
    return found


def read(name: str) -> dict[str, str]:
    return pins((PROJECT / name).read_text())


def declared(group: str | None) -> list[Requirement]:
    """What pyproject.toml asks for at run time, or in a dependency group."""
    document = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    names = document["dependency-groups"][group] if group else document["project"]["dependencies"]
    return [Requirement(name) for name in names]


def unmet(wanted: list[Requirement], locked: dict[str, str]) -> list[str]:
    """The requirements a lock leaves out or pins to a version they rule out."""
    return [
        str(requirement)
        for requirement in wanted
        if not requirement.specifier.contains(locked.get(requirement.name.lower(), "0"))
        or requirement.name.lower() not in locked
    ]


def test_the_locks_meet_what_the_project_declares() -> None:
    assert unmet(declared(None), read("requirements.lock")) == []
    assert unmet(declared("dev"), read("requirements-dev.lock")) == []
    for tool in ("pywb", "wacz"):
        assert unmet(declared(tool), read(f"requirements-{tool}.lock")) == []


def test_both_locks_pin_the_same_versions() -> None:
    runtime, dev = (read(name) for name in LOCKS)
    assert runtime.items() <= dev.items()


def test_every_extra_has_a_lock_of_its_own() -> None:
    """It adds to what `make install` installs, and `make test` leaves a venv with all of them."""
    document = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    runtime, dev = (read(name) for name in LOCKS)
    extras = document["project"]["optional-dependencies"]
    assert "export" in extras
    for extra, names in extras.items():
        locked = read(f"requirements-{extra}.lock")
        assert unmet([Requirement(name) for name in names], locked) == []
        assert runtime.items() <= locked.items() <= dev.items()


def test_an_extra_that_is_not_there_is_told() -> None:
    done = subprocess.run(
        ["make", "--assume-old=.venv/.runtime", "install", "EXTRAS=exprot"],
        cwd=PROJECT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "there is no extra exprot; there is: " in done.stderr
    assert "export" in done.stderr


def test_a_requirement_the_lock_does_not_meet_is_found() -> None:
    assert unmet([Requirement("scrapy>=2.19")], {"scrapy": "2.18.1"}) == ["scrapy>=2.19"]
    assert unmet([Requirement("tqdm")], {}) == ["tqdm"]


@pytest.mark.parametrize(
    "line",
    [
        "--index-url https://example.org/simple",
        "--find-links wheels",
        "tqdm==4.70.1",
        "tqdm @ file:///wheels/tqdm.whl",
        "-e .",
    ],
)
def test_anything_but_a_hashed_pin_is_found(line: str) -> None:
    with pytest.raises(ValueError, match="not a hashed pin"):
        pins(f"{line}\n")
