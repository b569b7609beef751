"""Repeatable measurements: each starts its own processes on loopback, prints figures beside targets, and ends everything it began."""
