"""Arguments to HTTP requests: OpenAPI's parameter styles, bodies, and the template that renders a root field."""
