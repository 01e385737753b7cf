"""The server: the REST interface and the page."""
