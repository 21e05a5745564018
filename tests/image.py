"""`make image`: builds the container image with buildah, and tries it against the loopback Xinhua.

Neither a daemon nor a container runtime is wanted (`--isolation chroot`), but root, or a user with
subordinate ids, and a package index; pip's configuration of this machine holds while the image is
built. Where no registry is in reach, `make image ARGS=--debian` makes the base image of Debian's
packages first, with mmdebstrap. Prints what was found; exit code 1 where the image is not right.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.conftest import PROJECT
from tests.site import Site

TAG = "xinhua-archive"
FILE = PROJECT / "deploy" / "Containerfile"

# How pip of this machine reaches its index, seen by the build and left out of the image.
INDEX = ("/etc/pip.conf", "/etc/ssl/certs/ca-certificates.crt")

# What of Debian the base image stands for: Python with venv, called as the official image has it.
PACKAGES = "ca-certificates,netbase,python3,python3-venv,tzdata"
LINKS = [f"--customize-hook=ln -s /usr/bin/python3 $1/usr/local/bin/{name}"
         for name in ("python", "python3")]  # fmt: skip

PROBE = ["CMD", "scrapy", "status", "--worker"]


class ImageError(Exception):
    """The image is not right: one sentence."""


def call(*words: str, text: str | None = None) -> str:
    """Run a program to its end; what it printed. Raises ImageError where it fails."""
    done = subprocess.run(
        words, cwd=PROJECT, input=text, stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        raise ImageError(f"{' '.join(words[:3])} … ended with exit code {done.returncode}")
    return done.stdout.strip()


def base() -> str:
    """The image that the Containerfile starts from."""
    (name,) = set(re.findall(r"^FROM (\S+)", FILE.read_text(), re.MULTILINE))
    return name


def make_base() -> None:
    """Make a base image of Debian's packages under the name of the official one."""
    with TemporaryDirectory() as folder:
        root = f"{folder}/root.tar"
        sources = [str(path) for path in Path("/etc/apt/sources.list.d").glob("*.sources")]
        sandbox = '--aptopt=APT::Sandbox::User "root"'
        call("mmdebstrap", "--variant=minbase", f"--include={PACKAGES}", *LINKS, sandbox,
             "bookworm", root, *sources)  # fmt: skip
        work = call("buildah", "from", "scratch")
        call("buildah", "add", "--quiet", work, root, "/")
        call("buildah", "commit", "--quiet", "--rm", work, f"localhost/{base()}")


def build() -> None:
    """Build the image as docs/operations.md says."""
    volumes = [f"--volume={path}:{path}:ro" for path in INDEX if Path(path).exists()]
    call("buildah", "build", "--isolation", "chroot", "--network", "host", "--format", "docker",
         *volumes, "--file", str(FILE), "--tag", TAG, ".")  # fmt: skip


class Container:
    """A container of the image. What is called in it has its user, environment and folder."""

    def __init__(self, site: Site, data: Path) -> None:
        self.name = call("buildah", "from", "--pull-never", TAG)
        # a volume that is mounted belongs to whoever runs there
        shutil.chown(data, 10001)
        binds = {str(data): "/data:rw", str(site.ca_file): "/ca.pem:ro"}
        environment = {**site.environment, "SSL_CERT_FILE": "/ca.pem"}
        self._words = [
            *(f"--volume={here}:{there}" for here, there in binds.items()),
            *(f"--env={name}={value}" for name, value in environment.items()),
        ]

    def run(self, *words: str) -> str:
        """Run a program in it."""
        isolation = ("--isolation", "chroot", "--network", "host")
        return call("buildah", "run", *isolation, *self._words, self.name, "--", *words)

    def remove(self) -> None:
        """Leave nothing of it."""
        call("buildah", "rm", self.name)


def check(what: str, found: object, wanted: object) -> None:
    """Print what was found. Raises ImageError where it isn't what is wanted."""
    print(f"{what}: {found}", flush=True)
    if found != wanted:
        raise ImageError(f"{what} is {found}, not {wanted}")


def try_out() -> None:
    """Call the commands of a worker's life in the image."""
    told = json.loads(call("buildah", "inspect", "--type", "image", TAG))["Docker"]["config"]
    check("user", told["User"], "10001")
    check("command", [*told["Entrypoint"], *told["Cmd"]], ["scrapy", "work"])
    check("stop signal", told["StopSignal"], "SIGTERM")
    check("health check", told["Healthcheck"]["Test"], PROBE)
    with TemporaryDirectory() as folder, Site(regions=["js"]) as site:
        data = Path(folder)
        container = Container(site, data)
        try:
            check("user inside", container.run("id", "-u"), "10001")
            check("spiders", container.run("scrapy", "list"), "xinhua")
            crawl = ("crawl", "xinhua", "-a", "regions=js", "-a", "limit=5")
            container.run("scrapy", *crawl, "-s", "DOWNLOAD_DELAY=0.1")
            (report,) = data.glob("runs/*.json")
            check("published", json.loads(report.read_text())["outcomes"]["published"], 5)
            proved = container.run("scrapy", "verify")
            check("verify ends with", proved.rpartition(": ")[2], "all sound")
            inside = "/srv/xinhua-archive"
            changed = container.run("find", inside, "-newer", f"{inside}/scrapy.cfg", "-writable")
            check("writable in it", changed, "")
        finally:
            container.remove()


def main() -> int:
    """Build, try, say how large it is; 1 where it is not right."""
    parser = ArgumentParser(prog="python -m tests.image", description=__doc__)
    parser.add_argument("--debian", action="store_true", help="make the base of Debian's packages")
    args = parser.parse_args()
    try:
        if args.debian:
            make_base()
        build()
        try_out()
    except ImageError as error:
        print(error, file=sys.stderr)
        return 1
    print(call("buildah", "images", "--format", "{{.Name}} {{.Size}}", TAG))
    return 0


if __name__ == "__main__":
    sys.exit(main())
