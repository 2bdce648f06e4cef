"""Secrets in the forms that a Trino server reads, and a certificate for it."""

import base64
import hashlib
import secrets
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from portal_stack.home import write_private


def text_of(secret: bytes) -> str:
    return base64.b64encode(secret).decode()


def bytes_of(text: str) -> bytes:
    return base64.b64decode(text)


def hashed(password: str) -> str:
    """PBKDF2 as Trino's password file has it: rounds, salt, hash."""
    salt, rounds = secrets.token_bytes(16), 1000
    found = hashlib.pbkdf2_hmac("sha1", password.encode(), salt, rounds, 64)
    return f"{rounds}:{salt.hex()}:{found.hex()}"


def make_certificate(both: Path, public: Path) -> None:
    """Signed by itself, for 127.0.0.1 and ten years. `both` holds its key too."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    host = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    today = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=3650))
        .add_extension(host, critical=False)
        .sign(key, hashes.SHA256())
    ).public_bytes(serialization.Encoding.PEM)
    words = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    write_private(both, (words + certificate).decode())
    public.write_bytes(certificate)
