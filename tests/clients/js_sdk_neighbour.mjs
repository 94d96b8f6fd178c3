// matrix-js-sdk: Ben's app on his own office's server. He asks a group of the partner office to let him in, by knocking at its card, joins
// once he may, and answers a topic. The play around it (tests/browser) does what others do; this says how far he is, a line each.
//   js_sdk_neighbour.mjs URL NAME PASSWORD CARD PARTNER TOPIC ANSWER
import * as sdk from "matrix-js-sdk";
import { logger } from "matrix-js-sdk/lib/logger.js";

const [url, name, password, card, partner, topic, answer] = process.argv.slice(2);
const patience = 180_000; // Milliseconds: others act in between.

logger.methodFactory = () => () => {}; // The library's own words are for its authors.
logger.rebuild();
const silent = { trace() {}, debug() {}, info() {}, warn() {}, error() {}, getChild: () => silent };
const options = () => ({ baseUrl: url, logger: silent, disableVoip: true });
const say = (what) => console.log(what);

/** Tries until it gives something; an error it gives up with is told. */
async function until(what, look) {
    const end = Date.now() + patience;
    for (;;) {
        const found = await look();
        if (found) return found;
        if (Date.now() > end) throw new Error(`not within ${patience / 1000} s: ${what}`);
        await new Promise((resume) => setTimeout(resume, 200));
    }
}

const session = await sdk.createClient(options()).loginRequest({
    type: "m.login.password",
    identifier: { type: "m.id.user", user: name },
    password,
});
const ben = sdk.createClient({ ...options(), accessToken: session.access_token, userId: session.user_id, deviceId: session.device_id });
await ben.startClient({ initialSyncLimit: 20, threadSupport: true, lazyLoadMembers: true });
await until("his app syncs", () => ben.isInitialSyncComplete());
const invited = (part) => ben.getRooms().find((room) => room.getMyMembership() === "invite" && room.name.includes(part))?.roomId;
const join = (room) => ben.joinRoom(room, { viaServers: [partner] });

await ben.knockRoom(card, { viaServers: [partner], reason: "Ich möchte dazukommen" });
say("knocked");

const reception = await until("the reception", () => invited("Empfang"));
await join(reception);
await ben.sendMessage(reception, { msgtype: "m.text", body: "Guten Tag, hier ist Ben." });
say("in the reception");

const forum = await until("the forum's invitation", () => invited("Forum"));
let told = false;
await until("the forum opens", () =>
    join(forum).then(
        () => true,
        (error) => {
            if (error.errcode !== "M_CONSENT_NOT_GIVEN") throw error;
            // The address stands in the words, too; apps show these. (Addresses without TLS, as in a test, are handed on in them alone.)
            const address = error.data.consent_uri ?? error.data.error.match(/https?:\/\/\S+/)?.[0];
            if (!told) say(`rules ${address}`);
            told = true;
            return false;
        },
    ),
);
say("in the forum");

const root = await until("the topic", () =>
    ben.getRoom(forum)?.getLiveTimeline().getEvents().find((event) => event.getContent().body?.includes(topic)),
);
say(`read ${root.getSender()}`);
await ben.sendMessage(forum, root.getId(), { msgtype: "m.text", body: answer });
say("answered");
ben.stopClient();
process.exit(0);
