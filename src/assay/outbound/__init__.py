"""Requests to addresses that somebody else has chosen: the only room from which such a request leaves."""
