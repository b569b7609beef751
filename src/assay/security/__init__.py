"""Keys, tokens, passwords."""
