"""The host apps' published and computed vectors: data beside the repository, absent elsewhere."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from adapters import rsa

_FILE = Path(__file__).parents[3] / "shared" / "facts" / "platform_vectors.json"

VECTORS: dict[str, dict[str, Any]] = (
    {each["id"]: each for each in msgspec.json.decode(_FILE.read_bytes())["vectors"]} if _FILE.exists() else {}
)
needed = pytest.mark.skipif(not VECTORS, reason="the platforms' vectors are not here (../shared/facts)")


def published_key() -> RSAPrivateKey:
    """The test key of WeChat Pay's own SDK, with which the other vectors were made too."""
    return rsa.private_key(VECTORS["wechatpay.sha256rsa.source"]["private_key_pem"].encode(), "the published key")
