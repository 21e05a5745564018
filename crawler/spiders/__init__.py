"""Scrapy spiders: discover list pages and articles."""
