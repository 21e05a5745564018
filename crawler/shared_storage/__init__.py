"""Where published files are that several machines share: a folder, or S3-compatible storage."""
