"""Where simulated hosts have their RSA keys from: made anew, or one that everybody knows (``development``)."""

from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

KeySource = Callable[[], RSAPrivateKey]


def new_key() -> RSAPrivateKey:
    """Return a key of the length that hosts want. Not from the seed: the library makes its own randomness."""
    return generate_private_key(public_exponent=65537, key_size=2048)
