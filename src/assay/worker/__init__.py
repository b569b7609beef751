"""The worker: a stock RQ worker that is rung, and a drainer on one event loop that does what the ledger says is due."""
