"""Scrapy extensions that watch a run and change nothing."""
