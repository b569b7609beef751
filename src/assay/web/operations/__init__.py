"""Pages for whoever is on call: how the service stands, its jobs, and the pilot."""
