"""The business in pure, synchronous code: no I/O, no clock, no framework."""
