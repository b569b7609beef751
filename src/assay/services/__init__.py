"""Use cases as plain functions: each gets its unit of work and what else it needs."""
