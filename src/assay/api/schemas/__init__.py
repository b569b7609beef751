"""Bodies that requests bring. What routes answer are the services' own values."""
