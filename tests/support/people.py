"""People at their clients, on any Matrix homeserver: what they do, and what they see. For tests with real servers."""
import time
import urllib.parse

from homeserver import Refused, call


def segment(text):
    return urllib.parse.quote(text, safe="")


class Waiting(Exception):
    """What was to happen did not, in time."""


def until(what, condition, timeout=30):
    """Waits for a condition that another process brings about; returns its truth."""
    give_up = time.monotonic() + timeout
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > give_up:
            raise Waiting(f"not within {timeout} s: {what}")
        time.sleep(0.1)


class Person:
    def __init__(self, url, user_id, token):
        self.url, self.id, self.token = url, user_id, token
        self._sent = 0
        self._since = None

    def ask(self, method, path, body=None, timeout=100, version="v3"):
        return call(self.url, method, f"/_matrix/client/{version}{path}", body, self.token, timeout)

    def in_room(self, method, room, path, body=None):
        return self.ask(method, f"/rooms/{segment(room)}/{path}", body)

    # --- what they do
    def create_room(self, **body):
        return self.ask("POST", "/createRoom", {"preset": "public_chat", **body})["room_id"]

    def join(self, room, *via):
        query = "&".join(f"via={segment(server)}&server_name={segment(server)}" for server in via)
        return self.ask("POST", f"/join/{segment(room)}" + (f"?{query}" if query else ""))["room_id"]

    def knock(self, room, *via):
        query = "&".join(f"via={segment(server)}&server_name={segment(server)}" for server in via)
        return self.ask("POST", f"/knock/{segment(room)}?{query}", {"reason": "Please"})

    def leave(self, room):
        self.in_room("POST", room, "leave")

    def invite(self, room, guest):
        self.in_room("POST", room, "invite", {"user_id": guest.id})

    def kick(self, room, whom):
        self.in_room("POST", room, "kick", {"user_id": whom.id})

    def ban(self, room, whom):
        self.in_room("POST", room, "ban", {"user_id": whom.id})

    def send(self, room, event_type, content):
        self._sent += 1
        return self.in_room("PUT", room, f"send/{segment(event_type)}/t{self._sent}.{time.time_ns()}", content)["event_id"]

    def say(self, room, text, **more):
        return self.send(room, "m.room.message", {"msgtype": "m.text", "body": text, **more})

    def reply_in_thread(self, room, root, text):
        return self.say(room, text, **{"m.relates_to": {"rel_type": "m.thread", "event_id": root}})

    def redact(self, room, event):
        self._sent += 1
        return self.in_room("PUT", room, f"redact/{segment(event)}/r{self._sent}.{time.time_ns()}", {})["event_id"]

    def set_state(self, room, event_type, content, key=""):
        return self.in_room("PUT", room, f"state/{segment(event_type)}/{segment(key)}", content)["event_id"]

    # --- what they see
    def state(self, room, event_type, key=""):
        """The content, or None."""
        try:
            return self.in_room("GET", room, f"state/{segment(event_type)}/{segment(key)}")
        except Refused as refused:
            if refused.status in (403, 404):
                return None
            raise

    def members(self, room):
        """Local parts of those who are in, in order; None for somebody who may not know."""
        try:
            return sorted(user[1:user.index(":")] for user in self.in_room("GET", room, "joined_members")["joined"])
        except Refused as refused:
            if refused.status == 403:
                return None
            raise

    def timeline(self, room, limit=100):
        """The newest events, oldest first."""
        return self.in_room("GET", room, f"messages?dir=b&limit={limit}")["chunk"][::-1]

    def texts(self, room):
        return [event["content"].get("body", "(removed)") for event in self.timeline(room) if event["type"] == "m.room.message"]

    def offered(self, room, section="invite"):
        """The stripped state of a room that they are invited to, as {type: content}, or None."""
        entry = self.ask("GET", "/sync?timeout=0").get("rooms", {}).get(section, {}).get(room)
        if entry is None:
            return None
        return {event["type"]: event["content"] for event in entry[f"{section}_state"]["events"]}

    def hears(self, room, text, timeout=30):
        """Waits at /sync, like an app, until somebody has said it."""
        give_up = time.monotonic() + timeout
        if self._since is None:
            answer = self.ask("GET", "/sync?timeout=0")
        while True:
            if self._since is not None:
                answer = self.ask("GET", f"/sync?timeout=2000&since={self._since}")
            self._since = answer["next_batch"]
            events = answer.get("rooms", {}).get("join", {}).get(room, {}).get("timeline", {}).get("events", [])
            for event in events:
                if event["content"].get("body") == text:
                    return event
            if time.monotonic() > give_up:
                raise Waiting(f"{self.id} did not hear within {timeout} s: {text}")


def refusal(action, *arguments):
    """"403 M_FORBIDDEN", or "200" if it was allowed."""
    try:
        action(*arguments)
        return "200"
    except Refused as refused:
        return f"{refused.status} {refused.errcode}"
