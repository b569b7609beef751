"""Seeing inside: logs and metrics."""
