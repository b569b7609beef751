"""The doorbell: telling workers that the ledger has something due."""
