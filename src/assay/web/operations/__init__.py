"""Pages for whoever is on call: how the service stands, its jobs, its webhooks, and the pilot."""
