"""The smallest things everything stands on: time, identifiers, hashes, text, the base of values."""
