#!/usr/bin/env python3
"""Brings up deploy/two-nodes with its example, and looks at it from both sides."""
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from checks import check, result  # noqa: E402
from homeserver import PROGRAM, OPENER, call, free_port  # noqa: E402
from people import Person, refusal, until  # noqa: E402



def four_free_ports():
    while True:
        port = free_port()
        try:
            import socket
            probes = [socket.create_server(("127.0.0.1", port + i)) for i in range(4)]
            for probe in probes:
                probe.close()
            return port
        except OSError:
            continue


def sign_in(url, name, password):
    body = {"type": "m.login.password", "identifier": {"type": "m.id.user", "user": name}, "password": password}
    session = call(url, "POST", "/_matrix/client/v3/login", body)
    return Person(url, session["user_id"], session["access_token"])


def two_nodes(*arguments):
    return subprocess.run([ROOT / "deploy/two-nodes", *map(str, arguments)], capture_output=True, text=True, timeout=300)


def process_of(folder, node):
    return int((folder / node / "two-nodes.pid").read_text())


def main():
    folder = Path(tempfile.mkdtemp(prefix="runde-two-nodes-"))
    folder.chmod(0o711)
    port = four_free_ports()
    common = ("--background", "--program", PROGRAM, "--data", folder, "--port", port)
    try:
        start = two_nodes(*common, "--demo")
        check("it starts and fills itself", start.returncode, 0)
        if start.returncode:
            print(start.stdout, start.stderr)
            return
        password = re.search(r"password (\S+)", start.stdout).group(1)
        urls = {"nord": f"http://127.0.0.1:{port}", "sued": f"http://127.0.0.1:{port + 1}"}
        moewe, gemse = sign_in(urls["nord"], "moewe", password), sign_in(urls["sued"], "gemse", password)
        room = moewe.ask("GET", "/joined_rooms")["joined_rooms"][0]
        check("both are in the same forum", room in gemse.ask("GET", "/joined_rooms")["joined_rooms"])
        for person in (moewe, gemse):
            until("everybody is there", lambda: person.members(room) == ["almhuette", "gemse", "leuchtturm", "moewe"])
        check("what the south has answered stands in the north", any("Berge rauschen" in text for text in until(
            "the topics", lambda: len(moewe.texts(room)) >= 6 and moewe.texts(room))))
        topic = gemse.say(room, "Ein neues Thema")
        moewe.hears(room, "Ein neues Thema")
        moewe.reply_in_thread(room, topic, "Eine Antwort")
        gemse.hears(room, "Eine Antwort")
        check("they talk, hearing each other at /sync", True)
        check("nobody else is a partner", refusal(gemse.join, "#x:somewhere.example"), "403 M_SERVER_NOT_TRUSTED")

        # The north's server falls dead; what the south says meanwhile arrives when it is back. The forum waits for it: it watches
        # over the forum that was made there, and nothing is said in it that it has not seen.
        talk = moewe.create_room()
        gemse.join(talk, "kontaktstelle-nord.test")
        moewe.say(talk, "Hier geht es weiter")
        gemse.hears(talk, "Hier geht es weiter")
        os.kill(process_of(folder, "nord"), signal.SIGKILL)
        check("the forum waits for its server", refusal(gemse.reply_in_thread, room, topic, "Hallo?"), "403 M_FORBIDDEN")
        for number in range(3):
            gemse.say(talk, f"Ist jemand da? {number}")
        # The south's server gets no second chance to tell before it is stopped, too: it remembers over that.
        stopped = two_nodes("--stop", "--data", folder)
        check("it stops", stopped.returncode, 0)
        again = two_nodes(*common)
        check("it starts again on the same data", again.returncode, 0)
        until("what was said meanwhile", lambda: [f"Ist jemand da? {number}" for number in range(3)] == moewe.texts(talk)[-3:], 90)
        check("what was said during the outage is there", True)
        until("the forum goes on", lambda: refusal(gemse.reply_in_thread, room, topic, "Da seid ihr ja") == "200", 60)
        moewe.hears(room, "Da seid ihr ja")
        with OPENER.open(urls["sued"] + "/", timeout=10) as page:
            check("the page is served", page.status, 200)
    except Exception as problem:  # noqa: BLE001
        check("nothing unexpected", repr(problem), "")
        for node in ("nord", "sued"):
            log = folder / node / "runde.log"
            if log.exists():
                print(f"--- {node}'s last words\n" + "\n".join(log.read_text(errors="replace").splitlines()[-25:]), file=sys.stderr)
    finally:
        two_nodes("--stop", "--data", folder)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
    sys.exit(result())
