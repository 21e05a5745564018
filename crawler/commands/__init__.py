"""`scrapy <verb>`: the commands of this project."""
