"""`make sample`: writes `data/sample/` again, one article of each layout from the loopback Xinhua.

The WARC is the input, the JSONL its output; both are synthetic. Needed when extraction changes what
the sample's lines say: `tests/test_sample.py` then fails.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.site import Site

PROJECT = Path(__file__).resolve().parents[1]
SAMPLE = Path("data", "sample")


def main() -> int:
    """Crawl into an emptied folder, drop what is no output, return the crawl's exit code."""
    os.chdir(PROJECT)
    if SAMPLE.exists():
        shutil.rmtree(SAMPLE)
    with Site(regions=["js", "he"]) as site:
        articles = {article["layout"]: article["url"] for article in site.truth()["articles"]}
        settings = (f"DATA_DIR={SAMPLE}", "DOWNLOAD_DELAY=0.05", "CONTACT=archive@example.org")
        command = [sys.executable, "-m", "scrapy", "crawl", "xinhua"]
        command += ["-a", f"urls={','.join(sorted(articles.values()))}"]
        command += [word for setting in settings for word in ("-s", setting)]
        crawl = subprocess.run(command, env=os.environ | site.environment, check=False)
    shutil.rmtree(SAMPLE / "state")
    return crawl.returncode


if __name__ == "__main__":
    sys.exit(main())
