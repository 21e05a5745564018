"""The crawl, wired in flow order: discover → fetch → archive → normalise → publish.

Every value can be set with `-s NAME=VALUE`.
"""

import getpass
import os
import platform
from pathlib import Path

from crawler import __version__
from crawler.downloader.robots_rules import AGENT
from crawler.items import KEYS

BOT_NAME = "xinhua"
COMMANDS_MODULE = "crawler.commands"

# --- place ---------------------------------------------------------------------------------------
DATA_DIR = os.environ.get("XINHUA_DATA_DIR") or str(Path(__file__).resolve().parent.parent / "data")
DISK_MIN_FREE = 32 * 1024 * 1024  # bytes; below it the run stops with exit code 5
# The ledger on a PostgreSQL server: postgresql+psycopg://USER@HOST/DATABASE, the password in
# PGPASSWORD or in a password file. Empty: what state/ledger.url says, else state/ledger.sqlite.
LEDGER = os.environ.get("XINHUA_LEDGER", "")
LEASE_SECONDS = 30.0  # with such a ledger: after so long without a sign a run's regions are free
# Where machines share what they publish: a folder, or s3://BUCKET/PREFIX with the environment's
# credentials. Empty: DATA_DIR is shared, or nothing is.
STORE = os.environ.get("XINHUA_STORE", "")
INDEX = os.environ.get("XINHUA_INDEX", "")  # the search index; empty: state/search.sqlite
FIXTURES_DIR = str(Path(DATA_DIR) / "fixtures")  # real pages are not ours to publish

# --- who we are ----------------------------------------------------------------------------------
try:
    _user = getpass.getuser()
except (KeyError, OSError):  # in a container, of a user without a name
    _user = str(os.getuid())
CONTACT = os.environ.get("XINHUA_CONTACT") or f"{_user}@{platform.node()}"
USER_AGENT = f"xinhua-archive/{__version__} (+{{contact}})"  # the spider puts CONTACT in
ROBOTSTXT_USER_AGENT = AGENT

# --- discover ------------------------------------------------------------------------------------
SPIDER_MODULES = ["crawler.spiders"]
LIST_MAX_PAGES = 5  # of a list never walked before, without since
LIST_MAX_COLUMNS = 200  # lists of a region beside the registry's, in one run
LIST_MAX_DEPTH = 3  # so many links from the registry's lists, no further

# --- another web archive (source=cdx:…) ----------------------------------------------------------
CDX_LIMIT = 5000  # captures that are asked for in one query of its index
CDX_MAX_QUERIES = 2000  # queries of one run; the next one goes on
CDX_REPLAY = ""  # where it replays captures, if not beside its index: https://…/web/
CDX_DATA = ""  # where the files are that its index names, if not on the index's host

# --- fetch: politely, bounded --------------------------------------------------------------------
ROBOTSTXT_OBEY = True
DOWNLOAD_DELAY = 2  # seconds between two requests to one host
DOWNLOAD_DELAY_JITTER = 0.5  # up to so much of the delay is added to it
CONCURRENT_REQUESTS_PER_DOMAIN = 1
CONCURRENT_REQUESTS = 64
CONCURRENT_ITEMS = 8  # the default of 100 makes 101 tasks a response
BANDWIDTH_MAX = 0  # bytes a second of the whole run; 0: no bound
CRAWL_HOURS = ""  # of the day in Beijing in which runs crawl, such as 22-6; empty: all day
DOWNLOAD_TIMEOUT = 60  # seconds for the whole exchange
DOWNLOAD_MAXSIZE = 10 * 1024 * 1024
DOWNLOAD_WARNSIZE = 0
DOWNLOAD_FAIL_ON_DATALOSS = True
DOWNLOAD_VERIFY_CERTIFICATES = True
RETRY_TIMES = 2
REDIRECT_MAX_TIMES = 5
METAREFRESH_MAXDELAY = 10  # seconds; what leads on later is a page
COOKIES_ENABLED = False
HTTPERROR_ALLOW_ALL = True  # every answer reaches the spider, which gives it an outcome
DEFAULT_REQUEST_HEADERS = {
    "Accept": "text/html,application/xhtml+xml,application/json;q=0.9,*/*;q=0.5",
    "Accept-Language": "zh-CN,zh;q=0.9",
    "Accept-Encoding": "gzip, deflate",  # replay tools fail on br and zstd
}
SCHEDULER = "crawler.downloader.scheduler.HostScheduler"
TWISTED_DNS_RESOLVER = "crawler.downloader.resolver.PublicResolver"
DOWNLOADER_MIDDLEWARES = {
    "crawler.downloader.scope.ScopeMiddleware": 10,
    "crawler.downloader.robots.RobotsMiddleware": 20,
    "crawler.downloader.backoff.BackoffMiddleware": 550,
    "crawler.downloader.redirects.RefreshMiddleware": 580,
    "crawler.downloader.redirects.RedirectMiddleware": 600,
    # the scope check, RFC 9309, our own back-off, the parsed tree and the one decoder instead
    "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,
    "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
    "scrapy.downloadermiddlewares.retry.RetryMiddleware": None,
    "scrapy.downloadermiddlewares.redirect.MetaRefreshMiddleware": None,
    "scrapy.downloadermiddlewares.redirect.RedirectMiddleware": None,
    "scrapy.downloadermiddlewares.httpcompression.HttpCompressionMiddleware": None,
}

# --- archive: bytes reach the WARC before any parser ---------------------------------------------
DOWNLOAD_HANDLERS = {
    "http": "crawler.downloader.capture.CaptureHandler",
    "https": "crawler.downloader.capture.CaptureHandler",
}
WARC_MAX_BYTES = 1024 * 1024 * 1024  # a larger file is closed and the next one begun
CHECKPOINT_SECONDS = 2.0  # how often written records are made durable
PART_SECONDS = 30 * 60  # a line waits no longer for its run to end: a part is published
PART_MAX_BYTES = 1024 * 1024 * 1024  # of WARC and JSONL, after which a part is published as well

# --- normalise, publish --------------------------------------------------------------------------
ITEM_PIPELINES = {
    "crawler.item_pipelines.NormalisePipeline": 100,
    "crawler.item_pipelines.DatePipeline": 200,
    "crawler.item_pipelines.HistoryPipeline": 300,
    "crawler.item_pipelines.PublishPipeline": 900,
}
FEED_EXPORT_FIELDS = list(KEYS)
FEED_EXPORT_ENCODING = "utf-8"

RECHECK_SCHEDULE = [6, 24, 7 * 24, 30 * 24, 365 * 24]  # ages of an article in hours
RECHECK_BUDGET = 1000  # archived articles looked at again in one run
GONE_CONFIRM_AFTER = 6  # hours between the two observations of a withdrawal

ARCHIVE_IMAGES = False  # the pictures of new articles too, once all articles are fetched
IMAGE_BUDGET = 1000  # pictures asked for in one run; what is over is owed to the next
IMAGE_BUDGET_BYTES = 1024 * 1024 * 1024  # no further picture is asked for after so many bytes

# --- watch ---------------------------------------------------------------------------------------
EXTENSIONS = {
    "crawler.extensions.politeness.Politeness": 500,
    "crawler.extensions.progress.Progress": 510,
    "scrapy.extensions.logstats.LogStats": None,  # Progress says more
    # Switched off it would still read aiohttp: a tenth of a second of each start.
    "scrapy.extensions.remote_control.RemoteControl": None,
}
PROGRESS_SECONDS = 60  # between two lines of progress, where no terminal shows it live
LOG_LEVEL = "INFO"
STATS_DUMP = False  # the report says what a run did
STATUS_MAX_AGE = 26  # hours after which `scrapy status` finds the last run too long ago
ALARM_REPEAT = 24  # hours after which cron hears again of an alarm that holds
LOCK_MAX_AGE = 48  # hours for which a run may hold the data folder before cron hears of it
METRICS_FILE = ""  # a Prometheus textfile, written at the end of a run
PING_URL = ""  # called at a run's start and end, as healthchecks.io has it
WEBHOOK_URL = ""  # gets the closing block as JSON
DEFAULT_DROPITEM_LOG_LEVEL = "DEBUG"  # each has its outcome; the entry would hold the whole page
INDEX_AFTER_CRAWL = False  # bring the search index up to date at a run's end
CRAWL_EVERY = "60"  # minutes between two crawls of a region by `scrapy work`; "60,js=15,tibet=720"
LOG_JSON = False  # the log as JSON lines
TELNETCONSOLE_ENABLED = False
