"""A Scrapy crawler and archive for the regional channels of Xinhua (新华网)."""

__version__ = "1.0.0"
