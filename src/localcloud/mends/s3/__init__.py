"""S3: bodies in files, uploads, versions, requests."""
