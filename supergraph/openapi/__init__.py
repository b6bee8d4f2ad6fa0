"""API documents to slices: OpenAPI 3.0 and 3.1, Swagger 2.0. Pure: the caller gives a function that reads files."""
