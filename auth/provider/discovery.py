"""What the provider says of itself (OpenID Connect Discovery 1.0, RFC 8414)."""

from typing import Any

from auth.assurance import LEVELS
from auth.clients.secrets import PROGRAM_SCOPES, SCOPES
from auth.provider.client_view import GRANTS
from auth.provider.dpop import ALGORITHMS
from auth.provider.subjects import CLAIMS

_METHODS = ["client_secret_basic", "client_secret_post", "private_key_jwt"]

_TOKEN_CLAIMS = [
    *("sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "azp", "at_hash"),
    *("acr", "amr", "sid", "ial", "aal"),
]
_ALGORITHMS = ["RS256", "ES256", "PS256"]  # of client assertions; T3 clients may not use RS256


def configuration(issuer: str) -> dict[str, Any]:
    """Return the document of ``/.well-known/openid-configuration``."""
    return {
        **_endpoints(issuer),
        "scopes_supported": [*SCOPES, *PROGRAM_SCOPES],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "form_post"],
        "grant_types_supported": sorted(GRANTS),
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256", "ES256"],
        "acr_values_supported": list(LEVELS),
        "claims_supported": [*_TOKEN_CLAIMS, *(name for names in CLAIMS.values() for name in names)],
        "claims_parameter_supported": True,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "require_pushed_authorization_requests": False,
        "authorization_response_iss_parameter_supported": True,
        "code_challenge_methods_supported": ["S256"],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "ui_locales_supported": ["zh", "en"],
        **_client_authentication(),
        "dpop_signing_alg_values_supported": list(ALGORITHMS),
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
    }


def _endpoints(issuer: str) -> dict[str, str]:
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/oauth/authorize",
        "token_endpoint": f"{issuer}/oauth/token",
        "userinfo_endpoint": f"{issuer}/oauth/userinfo",
        "jwks_uri": f"{issuer}/oauth/jwks",
        "pushed_authorization_request_endpoint": f"{issuer}/oauth/par",
        "introspection_endpoint": f"{issuer}/oauth/introspect",
        "revocation_endpoint": f"{issuer}/oauth/revoke",
        "end_session_endpoint": f"{issuer}/oauth/logout",
    }


def _client_authentication() -> dict[str, list[str]]:
    """Each endpoint that authenticates with keys names its algorithms (RFC 8414 section 2)."""
    return {
        "token_endpoint_auth_methods_supported": _METHODS,
        "token_endpoint_auth_signing_alg_values_supported": _ALGORITHMS,
        "introspection_endpoint_auth_methods_supported": _METHODS,
        "introspection_endpoint_auth_signing_alg_values_supported": _ALGORITHMS,
        "revocation_endpoint_auth_methods_supported": _METHODS,
        "revocation_endpoint_auth_signing_alg_values_supported": _ALGORITHMS,
    }
