"""matrix-nio, as Debian packages it: the library under most Matrix bots and many integrations.

It is an old-fashioned client on purpose: r0 paths and the access token in the query, as old scripts have them.
"""
import asyncio
import json
import os
import sys
import time
from urllib.parse import quote

import nio
from nio.responses import WhoamiError, WhoamiResponse

from steps import PATIENCE, Play

URL = os.environ["RUNDE_URL"]
RUN = f"nio{int(time.time()):x}"  # So that it can be run again on the same server.
PASSWORD = "Sonnenblume 7"


class Member:
    """A person with a client that keeps what it has seen."""

    def __init__(self, name):
        # No end-to-end encryption here: matrix-js-sdk's part.
        config = nio.AsyncClientConfig(encryption_enabled=False, max_timeouts=1)
        self.client = nio.AsyncClient(URL, name, config=config)
        self.events = {}
        self.receipts = set()
        self.typing = set()

    async def sync_until(self, condition):
        """Long-polls until what it has seen fulfils the condition."""
        give_up = time.monotonic() + PATIENCE
        while not (result := condition(self)):
            if time.monotonic() > give_up:
                raise AssertionError("never came in a sync")
            answer = await self.client.sync(timeout=3000, full_state=False)
            if not isinstance(answer, nio.SyncResponse):
                raise AssertionError(f"sync: {answer}")
            for room_id, room in answer.rooms.join.items():
                for event in room.timeline.events:
                    self.events[event.event_id] = event
                for event in room.ephemeral:
                    if isinstance(event, nio.ReceiptEvent):
                        self.receipts |= {(r.user_id, r.event_id) for r in event.receipts}
                    if isinstance(event, nio.TypingNoticeEvent):
                        self.typing = set(event.users)
        return result

    def room(self, room_id):
        return self.client.rooms[room_id]

    async def say(self, room_id, content, kind="m.room.message"):
        answer = await self.client.room_send(room_id, kind, content)
        if not isinstance(answer, nio.RoomSendResponse):
            raise AssertionError(f"{kind}: {answer}")
        return answer.event_id

    async def raw(self, method, path, body=None):
        """An endpoint that the library has no function for."""
        separator = "&" if "?" in path else "?"
        answer = await self.client.send(method, f"{path}{separator}access_token={quote(self.client.access_token)}",
                                        None if body is None else json.dumps(body),
                                        {"Content-Type": "application/json"})
        result = await answer.json()
        if answer.status != 200:
            raise AssertionError(f"{method} {path}: {answer.status} {result}")
        return result


def expect(answer, kind):
    if not isinstance(answer, kind):
        raise AssertionError(str(answer))
    return answer


async def sure(awaitable, kind):
    return expect(await awaitable, kind)


async def main():
    play = Play()
    anna, ben = Member(f"anna_{RUN}"), Member(f"ben_{RUN}")
    stranger = nio.AsyncClient(URL, ben.client.user, config=ben.client.config)
    try:
        await conversation(play.step, anna, ben, stranger)
    finally:
        for client in (anna.client, ben.client, stranger):
            await client.close()
    return play.close()


async def conversation(step, anna, ben, stranger):

    for member in (anna, ben):
        name = member.client.user
        await step(f"{name} registers", sure(member.client.register(name, PASSWORD, "nio"), nio.RegisterResponse))
    first_token = ben.client.access_token
    ben.client.device_id = ""  # Else the library signs in to the same device again.
    await step("ben signs in with his password on a second device", sure(ben.client.login(PASSWORD, "second"), nio.LoginResponse))
    await step("the server knows him", sure(ben.client.whoami(), WhoamiResponse))
    assert ben.client.access_token != first_token
    await step("anna chooses her name", sure(anna.client.set_displayname("Anna M."), nio.ProfileSetDisplayNameResponse))
    await step("ben sees it in her profile", sure(ben.client.get_displayname(anna.client.user_id), nio.ProfileGetDisplayNameResponse))

    await step("both sync for the first time", asyncio.gather(anna.client.sync(), ben.client.sync()))
    made = await step("anna creates a room and invites ben", sure(
        anna.client.room_create(name="Dienstagsrunde", topic="Wir treffen uns um 19 Uhr", invite=[ben.client.user_id]),
        nio.RoomCreateResponse))
    room = made.room_id
    await step("ben sees the invitation", ben.sync_until(lambda b: room in b.client.invited_rooms))
    await step("with the room's name", ben.sync_until(lambda b: b.client.invited_rooms[room].name == "Dienstagsrunde"))
    await step("ben joins", sure(ben.client.join(room), nio.JoinResponse))
    await step("anna sees him in the room", anna.sync_until(lambda a: room in a.client.rooms and ben.client.user_id in a.room(room).users))
    await step("ben has the room with its name", ben.sync_until(lambda b: room in b.client.rooms and b.room(room).name == "Dienstagsrunde"))
    await step("and sees anna by her name", ben.sync_until(lambda b: b.room(room).user_name(anna.client.user_id) == "Anna M."))

    hello = await step("anna writes", anna.say(room, {"msgtype": "m.text", "body": "Guten Abend, Ben!"}))
    await step("ben reads it", ben.sync_until(lambda b: hello in b.events and b.events[hello].body == "Guten Abend, Ben!"))
    await step("and has one unread message", ben.sync_until(lambda b: b.room(room).unread_notifications == 1))
    await step("ben reads up to here", sure(ben.client.room_read_markers(room, hello, hello), nio.RoomReadMarkersResponse))
    await step("anna sees that he has read it", anna.sync_until(lambda a: (ben.client.user_id, hello) in a.receipts))
    await step("ben has nothing unread", ben.sync_until(lambda b: b.room(room).unread_notifications == 0))

    again = await anna.client.room_send(room, "m.room.message", {"msgtype": "m.text", "body": "Nur einmal"}, tx_id="once")
    twice = await anna.client.room_send(room, "m.room.message", {"msgtype": "m.text", "body": "Nur einmal"}, tx_id="once")
    await step("the same transaction twice is one message", again.event_id == twice.event_id)

    edit = await step("anna corrects herself", anna.say(room, {
        "msgtype": "m.text", "body": "* Guten Abend, lieber Ben!",
        "m.new_content": {"msgtype": "m.text", "body": "Guten Abend, lieber Ben!"},
        "m.relates_to": {"rel_type": "m.replace", "event_id": hello}}))
    await step("ben sees the correction", ben.sync_until(lambda b: edit in b.events))
    found = await step("the message itself carries it", sure(ben.client.room_get_event(room, hello), nio.RoomGetEventResponse))
    await step("as its newest version",
               found.event.source["unsigned"]["m.relations"]["m.replace"]["event_id"] == edit)

    heart = await step("ben answers with a heart", ben.say(
        room, {"m.relates_to": {"rel_type": "m.annotation", "event_id": hello, "key": "❤️"}}, "m.reaction"))
    await step("anna sees the heart", anna.sync_until(
        lambda a: heart in a.events and a.events[heart].source["content"]["m.relates_to"]["key"] == "❤️"))

    reply = await step("ben replies in a thread", ben.say(room, {
        "msgtype": "m.text", "body": "Schön, dich zu lesen. Wie geht es dir mit der Müdigkeit?",
        "m.relates_to": {"rel_type": "m.thread", "event_id": hello, "is_falling_back": True,
                         "m.in_reply_to": {"event_id": hello}}}))
    await step("anna sees the reply", anna.sync_until(lambda a: reply in a.events))
    path = f"/_matrix/client/v1/rooms/{quote(room)}"
    thread = await step("the thread has it", anna.raw("GET", f"{path}/relations/{quote(hello)}/m.thread"))
    assert [event["event_id"] for event in thread["chunk"]] == [reply], thread
    threads = await step("the room's list of threads has the thread", anna.raw("GET", f"{path}/threads"))
    assert [event["event_id"] for event in threads["chunk"]] == [hello], threads
    assert threads["chunk"][0]["unsigned"]["m.relations"]["m.thread"]["count"] == 1, threads

    hits = await step("anna finds it by a word", anna.raw("POST", "/_matrix/client/v3/search", {
        "search_categories": {"room_events": {"search_term": "Müdigkeit", "filter": {"rooms": [room]}}}}))
    results = hits["search_categories"]["room_events"]["results"]
    assert [hit["result"]["event_id"] for hit in results] == [reply], results

    await step("ben types", sure(ben.client.room_typing(room, True, 20000), nio.RoomTypingResponse))
    await step("anna sees that", anna.sync_until(lambda a: ben.client.user_id in a.typing))

    await step("ben has his own reply", ben.sync_until(lambda b: reply in b.events))
    history = await step("ben pages back", sure(ben.client.room_messages(room, ben.client.next_batch, limit=50), nio.RoomMessagesResponse))
    order = [event.event_id for event in history.chunk]
    assert order.index(reply) < order.index(heart) < order.index(edit) < order.index(hello), order
    await step("and finds a message's surroundings", sure(ben.client.room_context(room, hello, limit=4), nio.RoomContextResponse))

    await step("anna withdraws her message", sure(anna.client.room_redact(room, hello, "Doch lieber nicht"), nio.RoomRedactResponse))
    await step("ben hears of it", ben.sync_until(
        lambda b: any(isinstance(e, nio.RedactionEvent) and e.redacts == hello for e in b.events.values())))
    gone = await step("its text is gone", sure(ben.client.room_get_event(room, hello), nio.RoomGetEventResponse))
    assert gone.event.source["content"] == {}, gone.event.source

    await step("ben leaves", sure(ben.client.room_leave(room), nio.RoomLeaveResponse))
    await step("anna sees him go", anna.sync_until(lambda a: ben.client.user_id not in a.room(room).users))
    await step("ben forgets the room", sure(ben.client.room_forget(room), nio.RoomForgetResponse))

    await step("ben signs out", sure(ben.client.logout(), nio.LogoutResponse))
    stranger.access_token = first_token
    await step("his first device is still signed in", sure(stranger.whoami(), WhoamiResponse))
    await step("and signs out everywhere", sure(stranger.logout(all_devices=True), nio.LogoutResponse))
    stranger.access_token = first_token
    refused = await step("then its token is worth nothing", sure(stranger.whoami(), WhoamiError))
    assert refused.status_code == "M_UNKNOWN_TOKEN", refused


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
