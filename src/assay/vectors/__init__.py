"""Vector stores outside Postgres, each spoken to over its own protocol."""
