"""The pages of admins, one file of routes a noun."""
