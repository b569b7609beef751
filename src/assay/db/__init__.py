"""Postgres: the only room that says SQLAlchemy."""
