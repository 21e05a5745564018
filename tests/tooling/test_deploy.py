"""What keeps workers running: image, compose file, systemd units, Kubernetes, each judged by its
own tool, and shown to be judged."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from crawler import settings
from tests.conftest import PROJECT
from tests.tooling.markdown import blocks
from tests.tooling.test_docs import HOME, tool

DEPLOY = PROJECT / "deploy"
UNITS = sorted((DEPLOY / "systemd").iterdir())
BIN = Path(sys.executable).parent


def judged(*command: str | Path, text: str = "") -> tuple[int, str]:
    """What a tool says of a text on its standard input, or of files."""
    done = subprocess.run(
        [BIN / command[0], *command[1:]], input=text, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_hadolint_takes_the_image() -> None:
    text = (DEPLOY / "Containerfile").read_text()
    assert judged("hadolint", "-", text=text) == (0, "")
    # podman leaves a health check out of an image of its own format
    assert "HEALTHCHECK" in text
    for told in (text, (PROJECT / "docs" / "operations.md").read_text()):
        assert "--format docker" in told
    spoilt = text.replace(":3.11-slim-bookworm", "").replace("WORKDIR /srv", "WORKDIR srv")
    code, said = judged("hadolint", "-", text=spoilt)
    assert code
    assert "DL3006" in said
    assert "DL3000" in said


def test_the_image_has_what_a_worker_needs(tmp_path: Path) -> None:
    """Its last stage, laid out as it says, with the packages of this venv."""
    text = (DEPLOY / "Containerfile").read_text()
    stage = text[text.rindex("FROM ") :]
    allowed = (PROJECT / ".dockerignore").read_text()
    for source, target in re.findall(r"^COPY ([a-z.]+) (/\S+)$", stage, re.MULTILINE):
        assert f"!{source}\n" in allowed
        place = tmp_path / target.lstrip("/")
        if (PROJECT / source).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(PROJECT / source, place, ignore=ignored)
        else:
            place.mkdir(parents=True)
            shutil.copy(PROJECT / source, place)
    (home,) = re.findall(r"^WORKDIR (\S+)$", stage, re.MULTILINE)
    words = [
        *re.findall(r'"([^"]+)"', re.findall(r"^ENTRYPOINT (.+)$", stage, re.MULTILINE)[0]),
        "work",
    ]
    assert words == ["scrapy", "work"]
    done = subprocess.run(
        [sys.executable, "-m", "scrapy", "work", "--drain"],
        cwd=tmp_path / home.lstrip("/"),
        env=os.environ | {"XINHUA_DATA_DIR": str(tmp_path / "data")},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, "jobs need a ledger" in done.stderr) == (2, True), done.stderr
    assert "requirements-cluster.lock" in text
    assert (PROJECT / "requirements-cluster.lock").is_file()


def test_the_compose_file_is_one(tmp_path: Path) -> None:
    file = DEPLOY / "compose.yaml"
    check = ("check-jsonschema", "--builtin-schema", "vendor.compose-spec")
    assert judged(*check, file)[0] == 0
    spoilt = tmp_path / "compose.yaml"
    spoilt.write_text(file.read_text().replace("depends_on:", "depend_on:"))
    code, said = judged(*check, spoilt)
    assert (code, "depend_on" in said) == (1, True)
    services = yaml.safe_load(file.read_text())["services"]
    environment = services["worker"]["environment"]
    _check_environment(environment)
    # what isn't set stays so: an empty AWS_ENDPOINT_URL is no address of anything
    assert "" not in environment.values()
    assert [name for name, value in environment.items() if value and ":-}" in value] == []


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    scrapy = tmp_path / ".venv" / "bin" / "scrapy"
    scrapy.write_text("#!/bin/sh\n")
    scrapy.chmod(0o755)
    assert _systemd_says(tmp_path, {}) == ""
    said = _systemd_says(
        tmp_path,
        {"KillMode": "KilMode", "*-*-02 03:00:00": "sometimes", "bin/scrapy": "bin/scarpy"},
    )
    assert "KilMode" in said
    assert "xinhua-archive-verify.timer:" in said
    assert "scarpy is not executable" in said


def _systemd_says(folder: Path, changes: dict[str, str]) -> str:
    files = []
    for unit in UNITS:
        text = unit.read_text().replace(HOME, str(folder))
        for old, new in changes.items():
            text = text.replace(old, new)
        files.append(folder / unit.name)
        files[-1].write_text(text)
    done = subprocess.run(
        [tool("systemd-analyze"), "verify", *files], capture_output=True, text=True, check=False
    )
    return "\n".join(line for line in done.stderr.splitlines() if "xinhua-archive" in line)


@pytest.mark.parametrize("name", ["worker", "verify"])
def test_a_service_may_do_little_but_its_work(name: str, tmp_path: Path) -> None:
    """By systemd's own measure, from 0 (everything is shut) to 10."""
    unit = DEPLOY / "systemd" / f"xinhua-archive-{name}.service"
    assert _exposure(unit) <= 2.5
    open_one = tmp_path / unit.name
    open_one.write_text(unit.read_text().replace("CapabilityBoundingSet=\n", ""))
    assert _exposure(open_one) > 2.5


def _exposure(unit: Path) -> float:
    done = subprocess.run(
        [tool("systemd-analyze"), "security", "--offline=true", "--no-pager", unit],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    (found,) = re.findall(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout + done.stderr)
    return float(found)


def test_each_failure_of_a_unit_is_mailed_by_one_that_is_there() -> None:
    names = {unit.name for unit in UNITS}
    told = {
        name
        for unit in UNITS
        for name in re.findall(r"^OnFailure=(\S+)$", unit.read_text(), re.MULTILINE)
    }
    assert told
    assert told <= names


def _manifests() -> list[dict[str, Any]]:
    (block,) = blocks("yaml")
    return list(yaml.safe_load_all(block.text))


def test_kubernetes_takes_the_manifests(tmp_path: Path) -> None:
    found = _manifests()
    assert {one["kind"] for one in found} == {"ConfigMap", "Deployment", "CronJob"}
    file = tmp_path / "all.yaml"
    file.write_text(yaml.safe_dump_all(found))
    for version in ("1.30.0", "1.37.0"):
        code, said = judged("kubernetes-validate", "--strict", "-k", version, file)
        assert code == 0, said
    file.write_text(yaml.safe_dump_all(found).replace("livenessProbe", "livenesProbe"))
    code, said = judged("kubernetes-validate", "--strict", file)
    assert (code, "livenesProbe" in said) == (1, True)


def test_probes_and_environment_are_the_crawlers() -> None:
    found = {one["kind"]: one for one in _manifests()}
    _check_environment(found["ConfigMap"]["data"])
    (worker,) = found["Deployment"]["spec"]["template"]["spec"]["containers"]
    for probe in ("startupProbe", "livenessProbe"):
        assert worker[probe]["exec"]["command"] == ["scrapy", "status", "--worker"]
    image = (DEPLOY / "Containerfile").read_text()
    assert 'CMD ["scrapy", "status", "--worker"]' in image
    grace = found["Deployment"]["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]["worker"]
    unit = (DEPLOY / "systemd" / "xinhua-archive-worker.service").read_text()
    assert compose["stop_grace_period"] == f"{grace}s"
    assert f"TimeoutStopSec={grace}\n" in unit


def _check_environment(names: dict[str, Any]) -> None:
    """Each XINHUA_ name is one that the settings read."""
    text = Path(settings.__file__).read_text()
    ours = [name for name in names if name.startswith("XINHUA_")]
    assert len(ours) == 3
    assert [name for name in ours if f'"{name}"' not in text] == []


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_units_are_of_one_place(unit: Path) -> None:
    text = unit.read_text()
    for folder in re.findall(r"^(?:WorkingDirectory|ReadWritePaths)=(\S+)$", text, re.MULTILINE):
        assert folder.startswith(HOME)
