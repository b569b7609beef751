"""Faults on purpose, on real processes: what breaks, what must hold all the same, and a storm of all of it."""
