"""A certificate authority of the test's own, and a wildcard certificate of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_PEM, _PLAIN = serialization.Encoding.PEM, serialization.NoEncryption()


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _signed(
    subject: str, key: ec.EllipticCurvePrivateKey, by: ec.EllipticCurvePrivateKey, *more: x509.ExtensionType
) -> x509.Certificate:
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name("the test’s authority"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=24))
    )
    for extension in more:
        certificate = certificate.add_extension(
            extension, critical=isinstance(extension, x509.BasicConstraints)
        )
    return certificate.sign(by, hashes.SHA256())


def write(folder: Path, domain: str) -> Path:
    """`fullchain.pem` and `privkey.pem`; returns the file of the authority, which clients trust."""
    authority, key = (ec.generate_private_key(ec.SECP256R1()) for _each in range(2))
    ca = _signed(
        "the test’s authority", authority, authority, x509.BasicConstraints(ca=True, path_length=None)
    )
    served = (domain, f"*.{domain}", f"*.support.{domain}")
    names = x509.SubjectAlternativeName([x509.DNSName(name) for name in served])
    ours = _signed(domain, key, authority, names)
    private = key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, _PLAIN)
    (folder / "privkey.pem").write_bytes(private)
    (folder / "fullchain.pem").write_bytes(ours.public_bytes(_PEM))
    trusted = folder / "authority.pem"
    trusted.write_bytes(ca.public_bytes(_PEM))
    return trusted
