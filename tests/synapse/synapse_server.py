"""A real Synapse for a test: a temporary folder, SQLite, free ports, TLS with the test's own authority."""
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from homeserver import OPENER, Refused, call, free_port  # noqa: E402

CONFIG = """\
server_name: "{name}"
pid_file: {folder}/synapse.pid
signing_key_path: {folder}/signing.key
macaroon_secret_key: "only for this test"
report_stats: false
allow_public_rooms_over_federation: true
room_list_publication_rules: [{{action: allow}}]
suppress_key_server_warning: true
trusted_key_servers: []
enable_registration: true
enable_registration_without_verification: true
federation_custom_ca_list: ["{authority}"]
ip_range_blacklist: []
federation_ip_range_blacklist: []
listeners:
  - {{port: {port}, type: http, bind_addresses: ["127.0.0.1"], resources: [{{names: [client]}}]}}
  - {{port: {federation_port}, tls: true, type: http, bind_addresses: ["127.0.0.1"], resources: [{{names: [federation]}}]}}
tls_certificate_path: {certificate}
tls_private_key_path: {key}
database: {{name: sqlite3, args: {{database: "{folder}/synapse.db"}}}}
media_store_path: {folder}/media
log_config: {folder}/log.yaml
federation: {{client_timeout: 20s, max_short_retry_delay: 1s, max_short_retries: 2, destination_min_retry_interval: 1s,
              destination_retry_multiplier: 1, destination_max_retry_interval: 2s}}
rc_message: {{per_second: 1000, burst_count: 1000}}
caches: {{sync_response_cache_duration: 0s}}
rc_room_creation: {{per_second: 1000, burst_count: 1000}}
rc_registration: {{per_second: 1000, burst_count: 1000}}
rc_login: {{address: {{per_second: 1000, burst_count: 1000}}, account: {{per_second: 1000, burst_count: 1000}}}}
rc_joins: {{local: {{per_second: 1000, burst_count: 1000}}, remote: {{per_second: 1000, burst_count: 1000}}}}
rc_joins_per_room: {{per_second: 1000, burst_count: 1000}}
rc_invites: {{per_room: {{per_second: 1000, burst_count: 1000}}, per_user: {{per_second: 1000, burst_count: 1000}},
              per_issuer: {{per_second: 1000, burst_count: 1000}}}}
rc_federation: {{window_size: 1000, sleep_limit: 10000, sleep_delay: 0, reject_limit: 10000, concurrent: 50}}
"""

LOG = """\
version: 1
formatters: {{short: {{format: "%(asctime)s %(levelname)s %(name)s %(message)s"}}}}
handlers: {{file: {{class: logging.FileHandler, filename: "{folder}/server.log", formatter: short}}}}
root: {{level: INFO, handlers: [file]}}
disable_existing_loggers: false
"""


class Synapse:
    def __init__(self, python, authority):
        self.python = python
        self.folder = Path(tempfile.mkdtemp(prefix="runde-synapse-"))
        self.port, self.federation_port = free_port(), free_port()
        self.name = f"localhost:{self.federation_port}"
        self.url = f"http://127.0.0.1:{self.port}"
        certificate, key = authority.certificate("localhost")
        self.config = self.folder / "homeserver.yaml"
        self.config.write_text(CONFIG.format(name=self.name, folder=self.folder, authority=authority.file, port=self.port,
                                             federation_port=self.federation_port, certificate=certificate, key=key))
        (self.folder / "log.yaml").write_text(LOG.format(folder=self.folder))
        self.process = None
        subprocess.run([python, "-m", "synapse.app.homeserver", "-c", self.config, "--generate-keys"], check=True,
                       stdout=subprocess.DEVNULL)

    def start(self, timeout=120):
        environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        with open(self.folder / "output.log", "ab") as log:
            self.process = subprocess.Popen([self.python, "-m", "synapse.app.homeserver", "-c", self.config], env=environment,
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        give_up = time.monotonic() + timeout
        while True:
            if self.process.poll() is not None:
                raise RuntimeError(f"Synapse ended with {self.process.returncode}:\n{self.last_words()}")
            try:
                with OPENER.open(self.url + "/_matrix/client/versions", timeout=5):
                    return self
            except (OSError, socket.timeout):
                if time.monotonic() > give_up:
                    raise RuntimeError(f"Synapse does not answer:\n{self.last_words()}") from None
                time.sleep(0.1)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.send_signal(signal.SIGKILL)
                self.process.wait()

    def last_words(self, count=40):
        words = []
        for name in ("output.log", "server.log"):
            file = self.folder / name
            if file.exists():
                words += file.read_text(errors="replace").splitlines()[-count:]
        return "\n".join(words)

    def register(self, name):
        body = {"username": name, "password": "Sonnenblume 7", "auth": {"type": "m.login.dummy"}}
        try:
            return call(self.url, "POST", "/_matrix/client/v3/register", body)
        except Refused as refused:
            body["auth"]["session"] = refused.body["session"]
            return call(self.url, "POST", "/_matrix/client/v3/register", body)
