"""The life of a GraphQL request, one file a stage: read_request → plan → execute → respond.

Between them stand, as they come, resolve_document (trusted documents), limit (cost) and authorize (field policies).
"""
