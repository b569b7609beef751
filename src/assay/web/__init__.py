"""The pages: rendered on the server, usable without JavaScript, one file a noun."""
