"""What `scrapy verify` proves: each file by itself, then files against each other."""
