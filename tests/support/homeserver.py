#!/usr/bin/env python3
"""A real server for a test: the real program, a temporary data folder, a free port.

As a module:   with Homeserver() as server: ... server.url ... server.kill() ... server.start()
As a command:  tests/support/homeserver.py COMMAND...   runs COMMAND with RUNDE_URL in its environment, then stops the server.

The program is the one $RUNDE names (tests/run sets it), build/debug/runde otherwise. Everybody may register; no rate limits.
"""
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(os.environ.get("RUNDE", ROOT / "build/debug/runde"))

CONFIG = """\
server_name = "{name}"
{top}
[[listener]]
bind = "127.0.0.1"
port = {port}
serves = ["client", "web"]

[registration]
mode = "open"

[rate_limits]
enabled = false
{more}"""


class Refused(Exception):
    """The server's answer was not 2xx. `status` and `errcode` say which."""

    def __init__(self, status, body, what):
        self.status = status
        self.body = body
        self.errcode = body.get("errcode", "")
        super().__init__(f"{what}: {status} {body}")


def call(url, method, path, body=None, token=None, timeout=60):
    """One request, its JSON answer. Raises Refused, or OSError when there was no answer."""
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    data = None if body is None and method == "GET" else json.dumps(body or {}).encode()
    request = urllib.request.Request(url + path, data=data, method=method, headers=headers)
    try:
        with OPENER.open(request, timeout=timeout) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        text = error.read()
        try:
            answer = json.loads(text)
        except ValueError:
            answer = {"text": text[:200].decode("utf-8", "replace")}
        raise Refused(error.code, answer, f"{method} {path}") from None


# A proxy that the environment names is for the world, not for a server on this machine.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Homeserver:
    """Starts when entered or told; may be killed and started again on the same data."""

    def __init__(self, name="hearth.test", top="", more=""):
        if not PROGRAM.exists():
            raise SystemExit(f"{PROGRAM} is not built")
        self.folder = Path(tempfile.mkdtemp(prefix="runde-test-"))
        # Started as root, the server gives its PostgreSQL to another user, who must be able to come this far.
        self.folder.chmod(0o711)
        self.data = self.folder / "data"
        self.name = name
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = self.folder / "server.log"
        self.config = self.folder / "runde.toml"
        self.config.write_text(CONFIG.format(name=name, top=top, port=self.port, more=more))
        self.process = None

    def start(self, timeout=60):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [PROGRAM, "serve", "--config", self.config, "--data", self.data], stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True)
        give_up = time.monotonic() + timeout
        while True:
            if self.process.poll() is not None:
                raise RuntimeError(f"the server ended with {self.process.returncode}:\n{self.last_words()}")
            try:
                with OPENER.open(self.url + "/health", timeout=5):
                    return self
            except OSError:
                if time.monotonic() > give_up:
                    self.kill()
                    raise RuntimeError(f"no answer within {timeout} s:\n{self.last_words()}") from None
                time.sleep(0.02)

    def kill(self):
        """As a crash or the kernel's out-of-memory killer does it."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self, timeout=30):
        """The orderly way. Returns the exit status."""
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout)
            except subprocess.TimeoutExpired:
                self.kill()
                raise RuntimeError(f"did not stop within {timeout} s:\n{self.last_words()}") from None
        return self.process.returncode if self.process else None

    def postmaster(self):
        """Process number of the private PostgreSQL, or None while there is none."""
        for file in self.data.rglob("postmaster.pid"):
            try:
                return int(file.read_text().split("\n")[0])
            except (OSError, ValueError):
                return None
        return None

    def last_words(self, count=25):
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-count:])

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def register(self, name, password="Sonnenblume 7"):
        """A new account with its first session: {"user_id", "access_token", "device_id"}."""
        body = {"username": name, "password": password, "auth": {"type": "m.login.dummy"}}
        try:
            return call(self.url, "POST", "/_matrix/client/v3/register", body)
        except Refused as refused:
            if refused.status != 401 or "session" not in refused.body:
                raise
            body["auth"]["session"] = refused.body["session"]
            return call(self.url, "POST", "/_matrix/client/v3/register", body)

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.remove()
            raise

    def __exit__(self, kind, *rest):
        try:
            self.stop()
        finally:
            if kind:
                print(f"--- the server's last words\n{self.last_words()}", file=sys.stderr)
            self.remove()


def main():
    with Homeserver() as server:
        result = subprocess.run(sys.argv[1:], env={**os.environ, "RUNDE_URL": server.url})
        if result.returncode != 0:
            print(f"--- the server's last words\n{server.last_words()}", file=sys.stderr)
        return result.returncode


if __name__ == "__main__":
    sys.exit(main())
