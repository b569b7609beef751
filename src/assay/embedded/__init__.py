"""The laptop runtime: Postgres and Valkey from wheels, supervised processes, demo accounts, one command."""
