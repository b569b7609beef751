"""What the API and the pages share: who is asking, what went wrong, what every request passes."""
