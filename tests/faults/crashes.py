#!/usr/bin/env python3
"""Nothing acknowledged is lost: ten people write without pause while the server, or its PostgreSQL, is killed again and again.

A sender repeats a message under the same transaction id until it is acknowledged, as apps do. A listener syncs all the
time. In the end every acknowledged message must be there exactly once, whatever the listener was shown must be there too, and each
of its tokens, old ones as well, must lead to what came after it and nothing else.
"""
import http.client
import json
import os
import random
import signal
import sys
import threading
import time
from pathlib import Path
from urllib.parse import quote

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from homeserver import Homeserver, Refused, call  # noqa: E402

SENDERS = 10
ROUNDS = int(os.environ.get("RUNDE_FAULT_ROUNDS", 8))
PATIENCE = 60  # Seconds until the server must be of use again after a crash.
CLIENT = "/_matrix/client/v3"
EVERYTHING = quote(json.dumps({"room": {"timeline": {"limit": 100_000, "types": ["m.room.message"]}}}))


class Connection:
    """One kept-alive connection of one person; opened again after every failure."""

    def __init__(self, server, token):
        self.server = server
        self.token = token
        self.http = None

    def request(self, method, path, body=None, timeout=40):
        """(status, answer), or raises OSError/HTTPException when there was none."""
        if not self.http:
            self.http = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=timeout)
        try:
            self.http.request(method, path, None if body is None else json.dumps(body),
                              {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"})
            answer = self.http.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError):
            self.http.close()
            self.http = None
            raise


class Sender(threading.Thread):
    def __init__(self, world, session, number):
        super().__init__(daemon=True)
        self.world = world
        self.connection = Connection(world.server, session["access_token"])
        self.number = number
        self.acknowledged = {}  # Text -> event id.
        self.uncertain = None   # What it was about to say when it stopped.

    def run(self):
        count = 0
        while not self.world.over.is_set():
            count += 1
            text = f"{self.number}:{count}"
            self.uncertain = text
            path = f"{CLIENT}/rooms/{quote(self.world.room)}/send/m.room.message/t{count}"
            while not self.world.over.is_set():
                try:
                    status, answer = self.connection.request("PUT", path, {"msgtype": "m.text", "body": text})
                except (OSError, http.client.HTTPException, ValueError):
                    time.sleep(0.02)
                    continue
                if status == 200:
                    self.acknowledged[text] = answer["event_id"]
                    self.uncertain = None
                    break
                if status == 429:  # Come back later, it says, and so an app does.
                    time.sleep(answer.get("retry_after_ms", 100) / 1000)
                    continue
                if status < 500:
                    self.world.complain(f"message {text} was refused: {status} {answer}")
                    return
                time.sleep(0.02)


class Listener(threading.Thread):
    def __init__(self, world, session):
        super().__init__(daemon=True)
        self.world = world
        self.connection = Connection(world.server, session["access_token"])
        self.seen = []    # Event ids in the order shown.
        self.tokens = []  # (token, how many events were seen before it)

    def sync(self, since, timeout):
        path = f"{CLIENT}/sync?filter={EVERYTHING}&timeout={timeout}" + (f"&since={quote(since)}" if since else "")
        status, answer = self.connection.request("GET", path)
        if status != 200:
            raise OSError(f"sync answered {status} {answer}")
        timeline = answer.get("rooms", {}).get("join", {}).get(self.world.room, {}).get("timeline", {})
        events = [event["event_id"] for event in timeline.get("events", [])]
        if since and timeline.get("limited"):
            events = self.gap(since, timeline["prev_batch"]) + events
        return answer["next_batch"], events

    def gap(self, since, before):
        """What a limited timeline left out: the events between the two tokens, as an app pages for them."""
        events = []
        while before:
            status, page = self.connection.request(
                "GET", f"{CLIENT}/rooms/{quote(self.world.room)}/messages?dir=b&limit=100&from={quote(before)}&to={quote(since)}")
            if status != 200:
                raise OSError(f"messages answered {status} {page}")
            events = [event["event_id"] for event in reversed(page["chunk"]) if event["type"] == "m.room.message"] + events
            before = page.get("end")
        return events

    def run(self):
        since = None
        while not self.world.over.is_set():
            try:
                since, events = self.sync(since, timeout=2000)
            except (OSError, http.client.HTTPException, ValueError):
                time.sleep(0.02)
                continue
            self.seen += events
            self.tokens.append((since, len(self.seen)))

    def catch_up(self):
        """Everything that is left, after the senders have stopped."""
        since = self.tokens[-1][0]
        while True:
            since, events = self.sync(since, timeout=0)
            if not events:
                return
            self.seen += events
            self.tokens.append((since, len(self.seen)))


class World:
    def __init__(self, server):
        self.server = server
        self.over = threading.Event()
        self.complaints = []
        host = server.register("anna")
        self.room = call(server.url, "POST", f"{CLIENT}/createRoom", {"preset": "public_chat"}, host["access_token"])["room_id"]
        self.senders = []
        for number in range(SENDERS):
            session = server.register(f"sender{number}")
            call(server.url, "POST", f"{CLIENT}/join/{quote(self.room)}", {}, session["access_token"])
            self.senders.append(Sender(self, session, number))
        self.listener = Listener(self, host)
        self.host = Connection(server, host["access_token"])
        for thread in (*self.senders, self.listener):
            thread.start()

    def complain(self, text):
        self.complaints.append(text)

    def acknowledged(self):
        return sum(len(sender.acknowledged) for sender in self.senders)

    def wait_for_more(self, count):
        """Until so many more messages are acknowledged."""
        goal = self.acknowledged() + count
        give_up = time.monotonic() + PATIENCE
        while self.acknowledged() < goal:
            if self.complaints:
                raise AssertionError(self.complaints[0])
            if time.monotonic() > give_up:
                raise AssertionError(f"only {self.acknowledged()} of {goal} messages acknowledged after {PATIENCE} s")
            time.sleep(0.01)

    def stop(self):
        self.over.set()
        for thread in (*self.senders, self.listener):
            thread.join(PATIENCE)

    def history(self):
        """The whole room, oldest first, by /messages."""
        events, token = [], ""
        while True:
            status, page = self.host.request(
                "GET", f"{CLIENT}/rooms/{quote(self.room)}/messages?dir=f&limit=500{token}")
            assert status == 200, page
            events += [event for event in page["chunk"] if event["type"] == "m.room.message"]
            if "end" not in page:
                return events
            token = f"&from={quote(page['end'])}"

    def account(self):
        """What is wrong in the end; empty when nothing is."""
        self.listener.catch_up()
        history = self.history()
        ids = [event["event_id"] for event in history]
        texts = [event["content"]["body"] for event in history]
        by_text = dict(zip(texts, ids))
        wrong = list(self.complaints)
        if len(set(ids)) != len(ids):
            wrong.append(f"{len(ids) - len(set(ids))} events stand in the room twice")
        if len(set(texts)) != len(texts):
            wrong.append(f"{len(texts) - len(set(texts))} messages were taken twice")
        for sender in self.senders:
            for text, event_id in sender.acknowledged.items():
                if by_text.get(text) != event_id:
                    wrong.append(f"message {text} was acknowledged as {event_id}; the room has {by_text.get(text)}")
            expected = set(sender.acknowledged) | {sender.uncertain}
            strange = {text for text in texts if text.startswith(f"{sender.number}:")} - expected
            if strange:
                wrong.append(f"nobody knows of {strange}")
        if self.listener.seen != ids:
            lost = [event_id for event_id in self.listener.seen if event_id not in set(ids)]
            missed = [event_id for event_id in ids if event_id not in set(self.listener.seen)]
            wrong.append(f"the listener saw {len(self.listener.seen)} events, the room has {len(ids)}: {len(lost)} shown and "
                         f"lost, {len(missed)} never shown, or another order")
        for token, count in random.sample(self.listener.tokens, min(25, len(self.listener.tokens))):
            _, after = self.listener.sync(token, timeout=0)
            if after != self.listener.seen[count:]:
                wrong.append(f"token {token} leads to {len(after)} events instead of {len(self.listener.seen) - count}")
        return wrong


def kill_server(server):
    server.kill()
    server.start(timeout=PATIENCE)


def kill_postmaster(server):
    os.kill(server.postmaster(), signal.SIGKILL)


def kill_backend(server):
    """One of PostgreSQL's processes: then it ends all the others and starts again, in the middle of their work."""
    postmaster = str(server.postmaster())
    children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
    backends = [pid for pid in children if b"[local]" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    os.kill(int(random.choice(backends or children)), signal.SIGKILL)


def play(name, fault):
    print(f"-- {name}", flush=True)
    with Homeserver() as server:
        world = World(server)
        slowest = 0.0
        try:
            for _ in range(ROUNDS):
                world.wait_for_more(30)
                time.sleep(random.random() * 0.3)  # So that it strikes at any point of the work.
                struck = time.monotonic()
                fault(server)
                # One answer of each may have been under way; one more was asked for after the fault.
                world.wait_for_more(SENDERS + 1)
                slowest = max(slowest, time.monotonic() - struck)
            world.wait_for_more(30)
        except (AssertionError, RuntimeError) as error:
            world.complain(str(error))
        world.stop()
        try:
            wrong = world.account()
        except (OSError, http.client.HTTPException, AssertionError, Refused) as error:
            wrong = world.complaints + [f"the account could not be taken: {error!r}"]
        for complaint in wrong[:10]:
            print(f"        {complaint}")
        if wrong:
            print(server.last_words())
        print(f"{'FAILED' if wrong else 'ok'}      {name}: {ROUNDS} times under load, {world.acknowledged()} messages acknowledged, "
              f"back at work after at most {slowest:.1f} s", flush=True)
        return not wrong


PLAYS = {
    "the server is killed": kill_server,
    "PostgreSQL is killed": kill_postmaster,
    "one of PostgreSQL's processes is killed": kill_backend,
}


def main():
    results = [play(name, fault) for name, fault in PLAYS.items() if not sys.argv[1:] or sys.argv[1] in name]
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
