"""Certificates of the loopback site: its own CA, and one for each host that is asked for."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from pathlib import Path

_FROM = datetime(2000, 1, 1, tzinfo=UTC)  # wide: tests shift the clock
_UNTIL = datetime(2099, 1, 1, tzinfo=UTC)
_CA_USAGE = x509.KeyUsage(
    digital_signature=False, content_commitment=False, key_encipherment=False,
    data_encipherment=False, key_agreement=False, key_cert_sign=True, crl_sign=True,
    encipher_only=False, decipher_only=False,
)  # fmt: skip


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def write_pem(path: Path, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
    """Write a key and its certificate into one file, as a TLS server wants them."""
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )


class Authority:
    """Signs certificates and keeps them, with the CA's own, in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ca_file = folder / "ca.pem"
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._lock = Lock()
        self._contexts: dict[str, ssl.SSLContext] = {}
        name = _name("Loopback Xinhua CA")
        builder = (
            self._builder(name, self._key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_CA_USAGE, critical=True)
        )
        self._ca = builder.issuer_name(name).sign(self._key, hashes.SHA256())
        self.ca_file.write_bytes(self._ca.public_bytes(serialization.Encoding.PEM))

    def _builder(
        self, name: x509.Name, key: ec.EllipticCurvePublicKey, until: datetime = _UNTIL
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(_FROM)
            .not_valid_after(until)
            # Python 3.13 verifies as RFC 5280 says, both identifiers included
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
        )

    def context(self, host: str, fault: str = "") -> ssl.SSLContext:
        """A server context for a host; `fault` makes its certificate expired or another's."""
        with self._lock:
            label = f"{host}.{fault}" if fault else host
            if label not in self._contexts:
                self._contexts[label] = self._make(host, label, fault)
            return self._contexts[label]

    def _make(self, host: str, label: str, fault: str) -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        shown = "another.test" if fault == "tls_wrong_host" else host
        until = _FROM + timedelta(days=1) if fault == "tls_expired" else _UNTIL
        builder = self._builder(_name(shown), key.public_key(), until)
        certificate = (
            builder.issuer_name(self._ca.subject)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(shown)]), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        path = self.folder / f"{len(self._contexts)}.pem"
        write_pem(path, key, certificate)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context
