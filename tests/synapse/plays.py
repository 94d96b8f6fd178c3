#!/usr/bin/env python3
"""plays.py PYTHON [WORD...]   all plays, or those whose name holds one of the words. PYTHON can import synapse."""
import shutil
import sys
import tempfile
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from homeserver import Homeserver, free_port  # noqa: E402
from people import Person, refusal, segment, until  # noqa: E402
from synapse_server import Synapse  # noqa: E402
from tls import Authority  # noqa: E402

FEDERATION = """
[[listener]]
bind = "127.0.0.1"
port = {port}
serves = ["federation"]
tls_certificate = "{certificate}"
tls_key = "{key}"

[federation]
enabled = true
trusted_ca_file = "{authority}"
allow_private_addresses = ["127.0.0.0/8"]
"""

PLAYS = []


def play(function):
    PLAYS.append(function)
    return function


class World:
    """One of each. Anna and Arne are ours, Ben and Bea are Synapse's."""

    def __init__(self, python, folder):
        authority = Authority(folder)
        port = free_port()
        certificate, key = authority.certificate("localhost")
        self.ours = Homeserver(f"localhost:{port}",
                               more=FEDERATION.format(port=port, certificate=certificate, key=key, authority=authority.file))
        self.theirs = Synapse(python, authority)
        self.ours.start()
        self.theirs.start()
        self.anna, self.arne = (self.person(self.ours, name) for name in ("anna", "arne"))
        self.ben, self.bea = (self.person(self.theirs, name) for name in ("ben", "bea"))

    @staticmethod
    def person(server, name):
        session = server.register(name)
        return Person(server.url, session["user_id"], session["access_token"])

    def both_ways(self):
        """Who makes the room, on which server, who comes, from which."""
        return ((self.anna, self.ours.name, self.ben, self.theirs.name), (self.ben, self.theirs.name, self.anna, self.ours.name))

    def talk(self, room, *people):
        """Everybody says something, and everybody hears it."""
        for speaker in people:
            text = f"This is {speaker.id} in {room}"
            speaker.say(room, text)
            for listener in people:
                listener.hears(room, text)

    def close(self):
        self.ours.stop()
        self.theirs.stop()
        shutil.rmtree(self.theirs.folder, ignore_errors=True)
        self.ours.remove()


def check(found, expected):
    if found != expected:
        raise AssertionError(f"{found!r} instead of {expected!r}")


@play
def joining_both_ways(world):
    for host, server, guest, _ in world.both_ways():
        room = host.create_room(name="Evening", topic="Tea")
        guest.join(room, server)
        check(guest.members(room), ["anna", "ben"])
        check(guest.state(room, "m.room.topic")["topic"], "Tea")
        until("the host sees the guest", lambda: host.members(room) == ["anna", "ben"])
        world.talk(room, host, guest)


@play
def every_room_version(world):
    for version in map(str, range(1, 13)):
        for host, server, guest, _ in world.both_ways():
            check(refusal(lambda: room_version_play(host, server, guest, version)), "200")


def room_version_play(host, server, guest, version):
    if host.ask("GET", "/capabilities")["capabilities"]["m.room_versions"]["available"].get(version) is None:
        return
    try:
        room = host.create_room(room_version=version, name=f"Version {version}")
        guest.join(room, server)
        host.say(room, f"Hello in {version}")
        guest.hears(room, f"Hello in {version}")
        guest.say(room, f"Hello back in {version}")
        host.hears(room, f"Hello back in {version}")
        host.redact(room, guest.timeline(room)[-1]["event_id"])
        until(f"the redaction in {version}", lambda: "(removed)" in guest.texts(room))
    except Exception as problem:
        raise AssertionError(f"room version {version}, made by {host.id}: {problem}") from problem


@play
def by_alias(world):
    for host, server, guest, _ in world.both_ways():
        room = host.create_room(room_alias_name="evening")
        check(guest.join(f"#evening:{server}"), room)


@play
def invitations_both_ways(world):
    for host, server, guest, _ in world.both_ways():
        room = host.create_room(preset="private_chat", name="Evening")
        host.invite(room, guest)
        told = until("the invitation", lambda: guest.offered(room))
        check(told["m.room.name"]["name"], "Evening")
        guest.join(room)
        world.talk(room, host, guest)


@play
def declining(world):
    for host, server, guest, _ in world.both_ways():
        room = host.create_room(preset="private_chat")
        host.invite(room, guest)
        until("the invitation", lambda: guest.offered(room) is not None)
        guest.leave(room)
        until("the host sees it", lambda: host.state(room, "m.room.member", guest.id)["membership"] == "leave")
        check(guest.offered(room), None)


@play
def invited_while_creating(world):
    for host, _, guest, _ in world.both_ways():
        room = host.create_room(preset="trusted_private_chat", is_direct=True, invite=[guest.id])
        until("the invitation", lambda: guest.offered(room) is not None)
        guest.join(room)
        world.talk(room, host, guest)


@play
def withdrawn_invitations(world):
    host, _, guest, _ = world.both_ways()[1]
    room = host.create_room(preset="private_chat")
    host.invite(room, guest)
    until("the invitation", lambda: guest.offered(room) is not None)
    host.kick(room, guest)
    check(refusal(guest.join, room), "403 M_FORBIDDEN")


@play
def knocking(world):
    rules = [{"type": "m.room.join_rules", "state_key": "", "content": {"join_rule": "knock"}}]
    for host, server, guest, _ in world.both_ways():
        room = host.create_room(preset="private_chat", name="Evening", initial_state=rules)
        guest.knock(room, server)
        until("the knock", lambda: (host.state(room, "m.room.member", guest.id) or {}).get("membership") == "knock")
        check(guest.offered(room, "knock")["m.room.name"]["name"], "Evening")
        host.invite(room, guest)
        until("the invitation", lambda: guest.offered(room) is not None)
        guest.join(room)
        world.talk(room, host, guest)


@play
def restricted_rooms(world):
    for host, server, guest, _ in world.both_ways():
        club = host.create_room()
        rules = [{"type": "m.room.join_rules", "state_key": "",
                  "content": {"join_rule": "restricted", "allow": [{"type": "m.room_membership", "room_id": club}]}}]
        room = host.create_room(preset="private_chat", initial_state=rules)
        check(refusal(guest.join, room, server)[:3], "403")
        guest.join(club, server)
        guest.join(room, server)
        world.talk(room, host, guest)


@play
def threads_and_reactions(world):
    for host, server, guest, _ in world.both_ways():
        room = host.create_room()
        guest.join(room, server)
        root = host.say(room, "A topic")
        guest.hears(room, "A topic")
        reply = guest.reply_in_thread(room, root, "An answer")
        host.hears(room, "An answer")
        until("the thread", lambda: host.ask("GET", f"/rooms/{segment(room)}/threads", version="v1")["chunk"])
        guest.send(room, "m.reaction", {"m.relates_to": {"rel_type": "m.annotation", "event_id": root, "key": "+"}})
        until("the reaction", lambda: any(event["type"] == "m.reaction" for event in host.timeline(room)))
        host.redact(room, reply)
        until("the redaction", lambda: "(removed)" in guest.texts(room))


@play
def power_and_bans(world):
    for host, server, guest, _ in world.both_ways():
        room = host.create_room(name="Evening")
        guest.join(room, server)
        until("the guest is there", lambda: len(host.members(room)) == 2)
        check(refusal(guest.set_state, room, "m.room.name", {"name": "Mine"}), "403 M_FORBIDDEN")
        levels = host.state(room, "m.room.power_levels")
        levels.setdefault("users", {})[guest.id] = 50
        host.set_state(room, "m.room.power_levels", levels)
        until("the guest may", lambda: guest.state(room, "m.room.power_levels")["users"].get(guest.id) == 50)
        guest.set_state(room, "m.room.name", {"name": "Ours"})
        until("the new name", lambda: host.state(room, "m.room.name")["name"] == "Ours")
        host.ban(room, guest)
        until("the guest is out", lambda: guest.members(room) is None)
        check(refusal(guest.join, room, server)[:3], "403")


@play
def going_and_coming_back(world):
    for host, server, guest, _ in world.both_ways():
        room = host.create_room()
        guest.join(room, server)
        world.talk(room, host, guest)
        guest.leave(room)
        until("the guest is gone", lambda: len(host.members(room)) == 1)
        host.set_state(room, "m.room.name", {"name": "Meanwhile"})
        guest.join(room, server)
        check(guest.state(room, "m.room.name")["name"], "Meanwhile")
        world.talk(room, host, guest)


@play
def two_of_each(world):
    for host, server, guest, _ in world.both_ways():
        room = host.create_room()
        guest.join(room, server)
        others = (world.arne, world.bea)
        for other in others:
            other.join(room, server)
        world.talk(room, host, guest, *others)


@play
def history(world):
    for host, server, guest, _ in world.both_ways():
        room = host.create_room()
        for number in range(30):
            host.say(room, f"Number {number}")
        guest.join(room, server)
        until("what was said before", lambda: guest.texts(room)[-30:] == [f"Number {number}" for number in range(30)])


@play
def spaces_and_directory(world):
    for host, server, guest, _ in world.both_ways():
        room = host.create_room(name="A room of the space", visibility="public")
        space = host.create_room(name="A space", creation_content={"type": "m.space"})
        host.set_state(space, "m.space.child", {"via": [server]}, room)
        guest.join(space, server)
        found = guest.ask("GET", f"/rooms/{segment(space)}/hierarchy", version="v1")["rooms"]
        check([entry.get("name") for entry in found], ["A space", "A room of the space"])
        # Synapse counts who is in a room a moment after the room is made, and lists what it has counted.
        until("the room in the directory", lambda: any(
            entry["room_id"] == room for entry in guest.ask("GET", f"/publicRooms?server={segment(server)}")["chunk"]))


@play
def profiles(world):
    for host, _, guest, _ in world.both_ways():
        host.ask("PUT", f"/profile/{segment(host.id)}/displayname", {"displayname": "A name"})
        check(guest.ask("GET", f"/profile/{segment(host.id)}")["displayname"], "A name")


@play
def conflicting_changes(world):
    """Both change the same while they cannot hear each other: afterwards they agree."""
    host, server, guest, _ = world.both_ways()[0]
    room = host.create_room(power_level_content_override={"users": {guest.id: 100, host.id: 100}}, room_version="10")
    guest.join(room, server)
    world.talk(room, host, guest)
    world.theirs.stop()
    host.set_state(room, "m.room.topic", {"topic": "Ours"})
    host.say(room, "Said while you were away")
    world.theirs.start()
    guest.set_state(room, "m.room.topic", {"topic": "Theirs"})
    guest.hears(room, "Said while you were away", timeout=60)
    until("agreement", lambda: host.state(room, "m.room.topic") == guest.state(room, "m.room.topic"), 60)
    world.talk(room, host, guest)


@play
def outages(world):
    for host, server, guest, _ in world.both_ways():
        room = host.create_room()
        guest.join(room, server)
        world.talk(room, host, guest)
        down = world.ours if host is world.ben else world.theirs
        down.stop()
        for number in range(5):
            host.say(room, f"While you were away {number}")
        down.start()
        guest._since = None
        until("what was said meanwhile", lambda: guest.texts(room)[-5:] == [f"While you were away {number}" for number in range(5)], 90)
        world.talk(room, host, guest)


@play
def upgrades(world):
    for host, server, guest, _ in world.both_ways():
        room = host.create_room(room_version="10", name="Evening")
        guest.join(room, server)
        until("the guest is there", lambda: len(host.members(room)) == 2)
        new = host.in_room("POST", room, "upgrade", {"new_version": "11"})["replacement_room"]
        until("the tombstone", lambda: (guest.state(room, "m.room.tombstone") or {}).get("replacement_room") == new)
        guest.join(new, server)
        world.talk(new, host, guest)


def main():
    python, *words = sys.argv[1:]
    chosen = [one for one in PLAYS if not words or any(word in one.__name__ for word in words)]
    passed = failed = 0
    folder = tempfile.mkdtemp(prefix="runde-tls-")
    Path(folder).chmod(0o755)
    world = None
    try:
        world = World(python, folder)
        for one in chosen:
            try:
                one(world)
                passed += 1
                print(f"ok      {one.__name__}", flush=True)
            except Exception as problem:
                failed += 1
                print(f"FAILED  {one.__name__}: {problem}", flush=True)
                frames = [frame for frame in traceback.extract_tb(problem.__traceback__) if frame.filename == __file__]
                print("".join(f"        line {frame.lineno}: {frame.line}\n" for frame in frames), end="", flush=True)
        if failed:
            print(f"--- Runde's last words\n{world.ours.last_words(60)}\n--- Synapse's\n{world.theirs.last_words(25)}", file=sys.stderr)
    finally:
        if world:
            world.close()
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
