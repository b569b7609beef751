"""Version 1 of the HTTP API: one file a noun, every route a few lines."""
