// matrix-js-sdk: the library under Element Web and Desktop. Anna and Ben hold a conversation; Anna's client keeps syncing as an
// app's does, with threads on, and what it shows is what is checked.
import assert from "node:assert/strict";
import * as sdk from "matrix-js-sdk";
import { logger } from "matrix-js-sdk/lib/logger.js";

const url = process.env.RUNDE_URL;
const patience = 20_000; // Milliseconds until a condition that must come true counts as false.
const run = `js${Date.now().toString(36)}`; // So that it can be run again on the same server.
const password = "Sonnenblume 7";

let passed = 0;
let failed = 0;

function close() {
    console.log(`${passed} passed, ${failed} failed`);
    process.exit(failed ? 1 : 0);
}

/** One named, counted step; the play ends when it fails. */
async function step(name, work) {
    try {
        const result = await work;
        assert.notEqual(result, false);
        passed += 1;
        console.log(`ok      ${name}`);
        return result;
    } catch (error) {
        failed += 1;
        console.log(`FAILED  ${name}: ${error?.message ?? error}`);
        close();
    }
}

/** Waits until `condition()` is true; looks whenever the client has synced, and now and then for what it does later. */
function until(client, condition) {
    return new Promise((resolve, reject) => {
        const look = () => {
            const result = condition();
            if (!result) return;
            finish();
            resolve(result);
        };
        const finish = () => {
            client.off(sdk.ClientEvent.Sync, look);
            clearInterval(again);
            clearTimeout(limit);
        };
        const again = setInterval(look, 100);
        const limit = setTimeout(() => {
            finish();
            reject(new Error(`not within ${patience / 1000} s: ${condition}`));
        }, patience);
        client.on(sdk.ClientEvent.Sync, look);
        look();
    });
}

logger.methodFactory = () => () => {}; // The library's own words are for its authors.
logger.rebuild();
const silent = { trace() {}, debug() {}, info() {}, warn() {}, error() {}, getChild: () => silent };
// Made anew for every client: createClient() writes the client's own store into what it is given.
const options = () => ({ baseUrl: url, logger: silent, disableVoip: true });

/** Registers as an app does: asks, hears which steps are needed, takes them. */
async function register(name) {
    const client = sdk.createClient(options());
    const request = { username: name, password, initial_device_display_name: "js-sdk" };
    const needed = await client.registerRequest(request).then(
        () => assert.fail("registered without any step"),
        (error) => {
            assert.equal(error.httpStatus, 401, error.message);
            return error.data;
        },
    );
    assert.ok(needed.flows.some((flow) => flow.stages.join() === "m.login.dummy"), JSON.stringify(needed.flows));
    return client.registerRequest({ ...request, auth: { type: "m.login.dummy", session: needed.session } });
}

async function start(session) {
    const client = sdk.createClient({
        ...options(),
        accessToken: session.access_token,
        userId: session.user_id,
        deviceId: session.device_id,
    });
    await client.startClient({ initialSyncLimit: 20, threadSupport: true, lazyLoadMembers: true });
    await until(client, () => client.isInitialSyncComplete());
    return client;
}

const text = (body, more) => ({ msgtype: "m.text", body, ...more });
const timeline = (client, room) => client.getRoom(room)?.getLiveTimeline().getEvents() ?? [];
const has = (client, room, id) => timeline(client, room).find((event) => event.getId() === id);

const annaSession = await step("anna registers", register(`anna_${run}`));
await step("ben registers", register(`ben_${run}`));
const benSession = await step(
    "ben signs in with his password",
    sdk.createClient(options()).loginRequest({
        type: "m.login.password",
        identifier: { type: "m.id.user", user: `BEN_${run}` },
        password,
    }),
);
const anna = await step("anna's app syncs", start(annaSession));
const ben = await step("ben's app syncs", start(benSession));
await step("the server has threads, its app may use them", ben.doesServerSupportThread().then((support) => support.threads > 0));

const { room_id: room } = await step(
    "anna creates a room and invites ben",
    anna.createRoom({ name: "Dienstagsrunde", preset: "private_chat", invite: [ben.getUserId()] }),
);
await step("ben sees the invitation", until(ben, () => ben.getRoom(room)?.getMyMembership() === "invite"));
await step("with the room's name", until(ben, () => ben.getRoom(room).name === "Dienstagsrunde"));
await step("ben joins", ben.joinRoom(room));
await step("anna sees him in the room", until(anna, () => anna.getRoom(room)?.getMember(ben.getUserId())?.membership === "join"));
await step("ben has the room", until(ben, () => ben.getRoom(room)?.getMyMembership() === "join"));

const { event_id: hello } = await step("anna writes", anna.sendMessage(room, text("Guten Abend, Ben!")));
await step("her own app shows it once", until(anna, () => timeline(anna, room).filter((e) => e.getContent().body?.startsWith("Guten")).length === 1));
await step("ben reads it", until(ben, () => has(ben, room, hello)?.getContent().body === "Guten Abend, Ben!"));
await step("and has one unread message", until(ben, () => ben.getRoom(room).getRoomUnreadNotificationCount("total") === 1));
await step("ben reads up to here", ben.sendReadReceipt(has(ben, room, hello)));
await step("ben's read marker is set", ben.setRoomReadMarkers(room, hello, has(ben, room, hello)));
await step("anna sees that he has read it", until(anna, () => anna.getRoom(room).hasUserReadEvent(ben.getUserId(), hello)));
await step("ben has nothing unread", until(ben, () => ben.getRoom(room).getRoomUnreadNotificationCount("total") === 0));
await step("the marker comes back to him", until(ben, () => ben.getRoom(room).getAccountData("m.fully_read")?.getContent().event_id === hello));

await step(
    "anna corrects herself",
    anna.sendMessage(room, {
        ...text("* Guten Abend, lieber Ben!"),
        "m.new_content": text("Guten Abend, lieber Ben!"),
        "m.relates_to": { rel_type: "m.replace", event_id: hello },
    }),
);
await step("ben sees the message corrected", until(ben, () => has(ben, room, hello).getContent().body === "Guten Abend, lieber Ben!"));

await step(
    "ben answers with a heart",
    ben.sendEvent(room, "m.reaction", { "m.relates_to": { rel_type: "m.annotation", event_id: hello, key: "❤️" } }),
);
await step(
    "anna sees the heart at her message",
    until(anna, () => {
        const hearts = anna.getRoom(room).relations.getChildEventsForEvent(hello, "m.annotation", "m.reaction");
        return hearts?.getSortedAnnotationsByKey()?.some(([key, who]) => key === "❤️" && who.size === 1);
    }),
);

const { event_id: reply } = await step(
    "ben replies in a thread",
    ben.sendMessage(room, hello, text("Schön, dich zu lesen. Wie geht es dir mit der Müdigkeit?")),
);
const thread = await step("anna's app has the thread", until(anna, () => anna.getRoom(room).getThread(hello)));
await step("with one reply, and it is ben's", until(anna, () => thread.length === 1 && thread.replyToEvent?.getId() === reply));
await step(
    "anna has one unread message in the thread",
    until(anna, () => anna.getRoom(room).getThreadUnreadNotificationCount(hello, "total") === 1),
);
await step("anna reads the thread", anna.sendReadReceipt(thread.findEventById(reply)));
await step(
    "then nothing is unread there",
    until(anna, () => anna.getRoom(room).getThreadUnreadNotificationCount(hello, "total") === 0),
);
await step(
    "a fresh look at the list of threads has it",
    anna
        .createThreadListMessagesRequest(room, null, 10)
        .then(({ chunk }) => assert.deepEqual(chunk.map((event) => event.event_id), [hello])),
);

await step(
    "anna finds it by a word",
    anna.searchRoomEvents({ term: "müdigkeit", filter: { rooms: [room] } }).then(({ results }) => {
        assert.deepEqual(results.map((hit) => hit.context.getEvent().getId()), [reply]);
    }),
);

await step("ben types", ben.sendTyping(room, true, 20_000));
await step("anna sees that", until(anna, () => anna.getRoom(room).getMember(ben.getUserId()).typing));

await step(
    "a third device of ben's gets the whole conversation",
    (async () => {
        const session = await sdk.createClient(options()).loginRequest({
            type: "m.login.password",
            identifier: { type: "m.id.user", user: ben.getUserId() },
            password,
        });
        const fresh = await start(session);
        await until(fresh, () => has(fresh, room, hello)?.getContent().body === "Guten Abend, lieber Ben!");
        await until(fresh, () => fresh.getRoom(room).getThread(hello)?.length === 1);
        fresh.stopClient();
    })(),
);
await step(
    "ben pages back to the room's beginning",
    (async () => {
        const live = ben.getRoom(room).getLiveTimeline();
        while (await ben.paginateEventTimeline(live, { backwards: true, limit: 5 }));
        assert.equal(live.getEvents()[0].getType(), "m.room.create");
    })(),
);

await step("anna withdraws her message", anna.redactEvent(room, hello, undefined, { reason: "Doch lieber nicht" }));
await step("ben's app shows it withdrawn", until(ben, () => has(ben, room, hello).isRedacted()));

await step("anna marks the room as a favourite", anna.setRoomTag(room, "m.favourite", { order: 0.5 }));
await step("her app shows that", until(anna, () => anna.getRoom(room).tags["m.favourite"]?.order === 0.5));

await step("ben leaves", ben.leave(room));
await step("anna sees him go", until(anna, () => anna.getRoom(room).getMember(ben.getUserId()).membership === "leave"));

ben.stopClient();
await step("ben signs out", ben.logout());
await step(
    "then his token is worth nothing",
    ben.whoami().then(
        () => false,
        (error) => error.errcode === "M_UNKNOWN_TOKEN",
    ),
);
anna.stopClient();
await step("anna signs out", anna.logout());
close();
