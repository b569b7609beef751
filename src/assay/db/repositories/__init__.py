"""One file a noun: the queries of one transaction. Hot paths are single statements."""
