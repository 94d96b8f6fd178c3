"""A certificate authority for one test, made with openssl: nobody else trusts it, and it is gone with the folder."""
import subprocess
from pathlib import Path


class Authority:
    """ca.pem in `folder`, and certificates that it signed."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.file = self.folder / "ca.pem"
        self._key = self.folder / "ca.key"
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                      "-subj", "/CN=Test authority", "-keyout", self._key, "-out", self.file)
        for file in (self.file, self._key):
            file.chmod(0o644)

    def certificate(self, name, addresses=("127.0.0.1",)):
        """Paths of the certificate and the key for a host name."""
        key, request, certificate = (self.folder / f"{name}.{ending}" for ending in ("key", "csr", "pem"))
        self._openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                      "-keyout", key, "-out", request)
        names = ",".join([f"DNS:{name}", *(f"IP:{address}" for address in addresses)])
        extensions = self.folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName={names}\n")
        self._openssl("x509", "-req", "-in", request, "-CA", self.file, "-CAkey", self._key, "-CAcreateserial", "-days", "2",
                      "-extfile", extensions, "-out", certificate)
        key.chmod(0o644)  # The server may run as another user.
        return certificate, key

    @staticmethod
    def _openssl(*arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
