"""C2PA: a manifest signed into the file, so that a change of one byte shows (C2PA specification 2.1).

The claim is "created by a trained algorithm", in the words of IPTC; it binds a hash of the whole file. It is signed with
ES256 by a leaf certificate that this installation's own authority issued. Nobody else has reason to trust that
authority: a verifier says that the file is unchanged since its signing, and that the signer is not on its list.
The authority's key is thrown away once the leaf is signed.

Needs the optional package c2pa-python. There is no time stamp, since the app asks no server.
"""

import io
import json
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from aigc_demo import __version__
from aigc_demo.provenance.schema import PRODUCER, SOURCE_TYPE

MIME = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".gif": "image/gif",
    ".mp4": "video/mp4",
    ".wav": "audio/wav",
}
LIFE = timedelta(days=3650)
CHAIN, KEY = "chain.pem", "key.pem"
# one would be a hundred times the manifest's size
NO_THUMBNAIL = {"builder": {"thumbnail": {"enabled": False}}}


def installed() -> bool:
    """Whether c2pa-python is here, and cryptography, which comes with it."""
    return bool(find_spec("c2pa") and find_spec("cryptography"))


@dataclass(frozen=True)
class C2paSigner:
    """Signs with a certificate chain and the leaf's key, both PEM."""

    chain: bytes
    key: bytes

    def sign(self, data: bytes, suffix: str) -> bytes:
        """The file with a manifest in it, some 3 KB; kinds that MIME does not name come back as they were."""
        import c2pa

        if suffix not in MIME:
            return data
        out = io.BytesIO()
        with (
            c2pa.Settings.from_dict(NO_THUMBNAIL) as settings,
            c2pa.Context(settings) as context,
            c2pa.Builder(json.dumps(_claim(MIME[suffix])), context=context) as builder,
            c2pa.Signer.from_info(self._info()) as signer,
        ):
            builder.sign(signer, MIME[suffix], io.BytesIO(data), out)
        return out.getvalue()

    def serial(self) -> str:
        """The leaf's serial number, by which a reader knows files of this installation."""
        from cryptography import x509

        return str(x509.load_pem_x509_certificates(self.chain)[0].serial_number)

    def _info(self) -> Any:
        import c2pa

        return c2pa.C2paSignerInfo(c2pa.C2paSigningAlg.ES256, self.chain, self.key, None)


def _claim(mime: str) -> dict[str, Any]:
    created = {"action": "c2pa.created", "digitalSourceType": SOURCE_TYPE}
    return {
        "claim_generator_info": [{"name": PRODUCER, "version": __version__}],
        "format": mime,
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [created]}}],
    }


@lru_cache(maxsize=8)
def signer_in(folder: Path) -> C2paSigner | None:
    """The signer whose certificate and key are in `folder`, made there once; None without c2pa-python or a place to write."""
    if not installed():
        return None
    try:
        if not folder.is_dir():
            _make(folder)
        return C2paSigner((folder / CHAIN).read_bytes(), (folder / KEY).read_bytes())
    except OSError:
        return None


def _make(folder: Path) -> None:
    """Write chain and key beside `folder`, then rename: of two processes at once one wins, and both use its key."""
    chain, key = _issue()
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(mkdtemp(prefix=".c2pa-", dir=folder.parent))  # readable by its owner alone
    (fresh / CHAIN).write_bytes(chain)
    (fresh / KEY).touch(mode=0o600)
    (fresh / KEY).write_bytes(key)
    try:
        fresh.rename(folder)
    except OSError:
        (fresh / CHAIN).unlink()
        (fresh / KEY).unlink()
        fresh.rmdir()


def _issue() -> tuple[bytes, bytes]:
    """A new authority and a leaf of it: the chain (leaf first) and the leaf's key, as PEM."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    authority, leaf = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = _certificate(f"{PRODUCER} own authority", authority, f"{PRODUCER} own authority", authority)
    issued = _certificate(PRODUCER, leaf, f"{PRODUCER} own authority", authority)
    pem = serialization.Encoding.PEM
    key = leaf.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return issued.public_bytes(pem) + root.public_bytes(pem), key


def _certificate(name: str, own: Any, issuer: str, signing: Any) -> Any:
    """A certificate for the key `own`, of the profile that C2PA asks for (14.5): an authority's where it signs itself."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    root = own is signing
    now = datetime.now(timezone.utc)
    public, above = own.public_key(), signing.public_key()
    uses = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only"),
        False,
    )  # fmt: skip
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(issuer))
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + LIFE)
        .add_extension(x509.BasicConstraints(ca=root, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(digital_signature=not root, key_cert_sign=root, crl_sign=root, **uses),
            critical=True,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(above), critical=False)
    )
    if not root:
        purpose = x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.EMAIL_PROTECTION])
        builder = builder.add_extension(purpose, critical=False)
    return builder.sign(signing, hashes.SHA256())


def _name(name: str) -> Any:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, PRODUCER),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )
