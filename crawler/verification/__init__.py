"""What `scrapy verify` proves, one kind of proof a file."""
