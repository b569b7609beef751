"""Graders, narrators and embedders: the built-in ones, OpenAI, and a scripted provider to test against."""
