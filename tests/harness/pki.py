"""Certificates for tests, made with the openssl program: right ones and wrong ones.

`codicil cert` is a program under test, so the tests' certificates do not come from it (its own
tests apart). Everything lives in one directory that the caller removes.
"""

import base64
import datetime
import hashlib
import ipaddress
import os
import subprocess
import time

CONFIG = """
[ca]
default_ca = here
[here]
database = {dir}/index.txt
new_certs_dir = {dir}
rand_serial = yes
unique_subject = no
default_md = sha256
policy = any
copy_extensions = none
email_in_dn = no
[any]
commonName = supplied
[req]
distinguished_name = dn
prompt = no
[dn]
commonName = {cn}
[v3]
{extensions}
"""

REQUIRED_DOMAIN = "2.999.9261.1"

KEY_OPTIONS = {
    "p256": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
    "p384": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
    "p521": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"],
    "rsa2048": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
    "rsapss-salt20": [
        "-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048",
        "-pkeyopt", "rsa_pss_keygen_md:sha256", "-pkeyopt", "rsa_pss_keygen_saltlen:20",
    ],
    "ed25519": ["-algorithm", "ED25519"],
    "ed448": ["-algorithm", "ED448"],
}


def openssl(*args, text=None):
    """Runs openssl and returns what it prints; raises with its message where it fails."""
    done = subprocess.run(["openssl", *args], input=text, capture_output=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {' '.join(args)}: {done.stderr.decode()}")
    return done.stdout


def tlv(tag, content):
    """DER of one value; 65,535 octets at most."""
    if len(content) < 128:
        return bytes([tag, len(content)]) + content
    length = len(content).to_bytes(1 if len(content) < 256 else 2, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def general_name(text):
    """An iPAddress for "192.0.2.1" and "2001:db8::1", a dNSName for all else, wrong ones too."""
    try:
        return tlv(0x87, ipaddress.ip_address(text).packed)
    except ValueError:
        return tlv(0x82, text.encode())


def required_domain_der(*names):
    """The extension's content: a GeneralName for one name, GeneralNames for more."""
    each = [general_name(n) for n in names]
    return each[0] if len(each) == 1 else tlv(0x30, b"".join(each))


def required_domain(*names):
    """The extension's line in openssl's configuration."""
    return f"{REQUIRED_DOMAIN} = DER:" + required_domain_der(*names).hex(":")


class Certificate:
    """Files of one certificate: `pem` holds its chain without the root."""

    def __init__(self, pem, key, leaf):
        self.pem, self.key, self.leaf = pem, key, leaf

    def sha256(self):
        der = openssl("x509", "-in", self.leaf, "-outform", "DER")
        return openssl("dgst", "-sha256", "-r", text=der).split()[0].decode()


class Authority:
    """A certification authority in a directory of its own."""

    def __init__(self, directory, name="Test CA", issuer=None, extensions=(), **dates):
        os.makedirs(directory)
        self.dir, self.issuer = str(directory), issuer
        self.key, self.pem = f"{self.dir}/ca.key", f"{self.dir}/ca.pem"
        open(f"{self.dir}/index.txt", "w", encoding="ascii").close()
        lines = [
            "basicConstraints = critical, CA:true",
            "keyUsage = critical, keyCertSign, cRLSign",
            "subjectKeyIdentifier = hash",
            *extensions,
        ]
        openssl("genpkey", *KEY_OPTIONS["p256"], "-out", self.key)
        signer = issuer or self
        signer.sign(self.pem, self.key, name, lines, is_self=issuer is None, **dates)

    def sign(self, out, key, cn, extensions, *, is_self=False, start=None, end=None):
        """Writes a certificate for the key file `key` to `out`."""
        base = out.removesuffix(".pem")
        config, csr = f"{base}.cnf", f"{base}.csr"
        with open(config, "w", encoding="ascii") as f:
            f.write(CONFIG.format(dir=self.dir, cn=cn, extensions="\n".join(extensions)))
        openssl("req", "-new", "-config", config, "-key", key, "-out", csr)
        now = datetime.datetime.now(datetime.timezone.utc)
        start = start or now - datetime.timedelta(hours=1)
        end = end or now + datetime.timedelta(days=30)
        stamp = "%y%m%d%H%M%SZ"
        args = ["-config", config, "-in", csr, "-out", out, "-keyfile", self.key, "-extensions"]
        args += ["v3", "-startdate", start.strftime(stamp), "-enddate", end.strftime(stamp)]
        args += ["-selfsign"] if is_self else ["-cert", self.pem]
        openssl("ca", "-batch", "-notext", *args)

    def issue(self, label, names, *, alg="p256", required=(), extensions=(), eku="serverAuth",
              **dates):
        """Issues a server certificate for DNS names and addresses; `label` names its files.

        `required` are the names of its Required Domain extension; none: it has no such extension.
        """
        key, leaf = f"{self.dir}/{label}.key", f"{self.dir}/{label}.leaf.pem"
        openssl("genpkey", *KEY_OPTIONS[alg], "-out", key)
        lines = ["basicConstraints = critical, CA:false"]
        if eku:
            lines.append(f"extendedKeyUsage = {eku}")
        if names:
            alt = (("IP:" if n[0].isdigit() or ":" in n else "DNS:") + n for n in names)
            lines.append("subjectAltName = " + ", ".join(alt))
        if required:
            lines.append(required_domain(*required))
        self.sign(leaf, key, label, [*lines, *extensions], **dates)
        pem = f"{self.dir}/{label}.pem"
        with open(pem, "wb") as out:
            authority = self
            with open(leaf, "rb") as f:
                out.write(f.read())
            while authority.issuer is not None:
                with open(authority.pem, "rb") as f:
                    out.write(f.read())
                authority = authority.issuer
        return Certificate(pem, key, leaf)


    def ocsp(self, certificate):
        """Writes an OCSP response (DER) on `certificate` and returns its path."""
        base = certificate.leaf.removesuffix(".pem")
        signer = ["-index", f"{self.dir}/index.txt", "-CA", self.pem]
        signer += ["-rsigner", self.pem, "-rkey", self.key, "-ndays", "7"]
        asked = ["-issuer", self.pem, "-cert", certificate.leaf]
        openssl("ocsp", *asked, "-no_nonce", "-reqout", f"{base}.req")
        openssl("ocsp", *signer, "-reqin", f"{base}.req", "-respout", f"{base}.ocsp")
        return f"{base}.ocsp"

    def revoke(self, certificate):
        config = f"{certificate.leaf.removesuffix('.pem')}.cnf"
        openssl("ca", "-config", config, "-keyfile", self.key, "-cert", self.pem, "-revoke",
                certificate.leaf)


    def crl(self, name="crl"):
        """Writes a CRL (PEM) of what is revoked by now and returns its path."""
        out = f"{self.dir}/{name}.pem"
        openssl("ca", "-config", self.pem.removesuffix(".pem") + ".cnf", "-keyfile", self.key,
                "-cert", self.pem, "-gencrl", "-crlhours", "24", "-out", out)
        return out


def read_tlv(der):
    """The first value of `der`: its content, all of it, and what comes after it."""
    length, start = der[1], 2
    if length >= 0x80:
        start += length & 0x7F
        length = int.from_bytes(der[2:start], "big")
    return der[start : start + length], der[: start + length], der[start + length :]


class Fields:
    """What a certificate is found by: `spki`, `issuer` and `tbs` in DER, and its number."""

    def __init__(self, pem):
        self.der = openssl("x509", "-in", pem, "-outform", "DER")
        content, _, _ = read_tlv(self.der)
        tbs, self.tbs, rest = read_tlv(content)
        _, self.algorithm, _ = read_tlv(rest)
        _, _, rest = read_tlv(tbs)  # version
        serial, _, rest = read_tlv(rest)
        _, _, rest = read_tlv(rest)  # signature
        _, self.issuer, _ = read_tlv(rest)
        self.serial = serial.hex()
        pem_key = openssl("x509", "-in", pem, "-noout", "-pubkey")
        self.spki = openssl("pkey", "-pubin", "-outform", "DER", text=pem_key)

    def spki_sha256(self):
        return hashlib.sha256(self.spki).hexdigest()

    def issuer_sha256(self):
        return hashlib.sha256(self.issuer).hexdigest()


class Log:
    """A Certificate Transparency log, as far as it signs timestamps (RFC 6962)."""

    SCTS = "060a2b06010401d679020402"  # the extension's identifier, in DER

    def __init__(self, directory):
        os.makedirs(directory)
        self.dir, self.key = str(directory), f"{directory}/log.key"
        openssl("genpkey", *KEY_OPTIONS["p256"], "-out", self.key)
        self.spki = openssl("pkey", "-in", self.key, "-pubout", "-outform", "DER")
        self.id = hashlib.sha256(self.spki).digest()

    def timestamp(self, entry):
        """A SignedCertificateTimestamp of an hour ago for the log's entry."""
        at = (int(time.time()) - 3600) * 1000
        signed = bytes(2) + at.to_bytes(8, "big") + entry + bytes(2)
        signature = openssl("dgst", "-sha256", "-sign", self.key, text=signed)
        head = bytes(1) + self.id + at.to_bytes(8, "big") + bytes(2) + b"\x04\x03"
        return head + len(signature).to_bytes(2, "big") + signature

    def json(self, state="usable"):
        """Its entry in a list of version 3."""
        return {
            "description": "a log of the tests",
            "log_id": base64.b64encode(self.id).decode(),
            "key": base64.b64encode(self.spki).decode(),
            "state": {state: {"timestamp": "2020-01-01T00:00:00Z"}},
        }


def with_timestamps(authority, certificate, logs):
    """A certificate with timestamps of these logs in it, in the place of `certificate`."""
    fields = Fields(certificate.leaf)
    key_sha256 = hashlib.sha256(Fields(authority.pem).spki).digest()
    entry = b"\0\1" + key_sha256 + len(fields.tbs).to_bytes(3, "big") + fields.tbs
    scts = b"".join(len(s).to_bytes(2, "big") + s for s in (log.timestamp(entry) for log in logs))
    scts = len(scts).to_bytes(2, "big") + scts
    extension = tlv(0x30, bytes.fromhex(Log.SCTS) + tlv(0x04, tlv(0x04, scts)))
    rest, before = read_tlv(fields.tbs)[0], b""
    while rest[0] != 0xA3:
        _, whole, rest = read_tlv(rest)
        before += whole
    list_of_all = read_tlv(read_tlv(rest)[0])[0] + extension
    tbs = tlv(0x30, before + tlv(0xA3, tlv(0x30, list_of_all)))
    signature = openssl("dgst", "-sha256", "-sign", authority.key, text=tbs)
    der = tlv(0x30, tbs + fields.algorithm + tlv(0x03, b"\0" + signature))
    leaf = certificate.leaf.removesuffix(".leaf.pem") + ".logged.pem"
    with open(leaf, "wb") as out:
        out.write(openssl("x509", "-inform", "DER", text=der))
    return Certificate(leaf, certificate.key, leaf)


def days_ago(days):
    return datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=days)
