"""Assay: assessments that prove their scores and recommend micro-credentials with their sources."""

__version__ = "0.1.0"
