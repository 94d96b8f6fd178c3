#include "server/config.hpp"

namespace runde::server {

// The one place that knows all keys. A comment is what the operator reads in the sample file: say what the
// key is for, in which unit, and what happens when it stays as it is.
void describe(Config& config, Keys& keys) {
    keys.key("server_name", config.server_name,
             "The name behind the colon in every user id, @anna:NAME. It can never be changed later. It need "
             "not be\n"
             "the name of this machine; \"localhost\" is for trying things out.");
    keys.key("data", config.data, "The folder for everything this server keeps.");
    keys.key("public_url", config.public_url,
             "Where members' apps reach this server, \"https://matrix.hearth.example\". Apps that know only "
             "the server's name\n"
             "ask /.well-known/matrix/client for it. Empty: they are told nothing.");
    keys.key("appservices", config.appservices, "Registration files of application services (bridges, bots).");

    keys.section("database", "PostgreSQL.");
    keys.secret("url", config.database.url,
                "A libpq connection string, \"postgresql://...\" or \"host=... dbname=...\". Empty: the "
                "server runs a\n"
                "PostgreSQL of its own inside the data folder, without any network port.");
    keys.key("readers", config.database.readers, "Connections for reading, 1 to 16. More than 4 are rarely faster.");
    keys.key("durability", config.database.durability,
             "\"safe\": what was acknowledged is on the disk. \"relaxed\": messages of the last half second may "
             "be lost\n"
             "when the machine loses power; keys, to-device messages, account data and state are safe even then.");

    keys.section("registration", "Who may make an account.");
    keys.key("mode", config.registration.mode,
             "\"application\": who asks a group to be admitted makes a small account for that; it becomes a member's when people "
             "admit them.\n"
             "\"token\": also whoever has a registration token. \"open\": anybody. \"closed\": only an operator makes "
             "accounts, and who has\n"
             "none here or elsewhere cannot ask.");
    keys.secret("shared_secret", config.registration.shared_secret,
                "For programs that make accounts through /_synapse/admin/v1/register. Empty: off.");
    keys.key("terms_url", config.registration.terms_url,
             "The page with the texts that new members must accept. Empty: nothing to accept.");
    keys.key("terms_url_english", config.registration.terms_url_english, "The same in English. Empty: the same page.");
    keys.key("terms_version", config.registration.terms_version, "Noted with the acceptance; change it with the texts.");

    keys.section("support", "Whom members and other operators may write to (/.well-known/matrix/support).");
    keys.key("matrix_id", config.support.matrix_id, "\"@office:hearth.example\"");
    keys.key("email", config.support.email, "");
    keys.key("page", config.support.page, "The address of a page that helps.");

    keys.section("node", "The pages of this organisation. What it is, it says in the browser.");
    keys.key("name", config.node.name,
             "What people read until the organisation has introduced itself, \"Selbsthilfe Kassel\". Empty: the server's name.");
    keys.key("quick_exit", config.node.quick_exit,
             "Where the button \"Seite schnell verlassen\" leads: a page that nobody wonders about.");

    keys.section("rate_limits", "How often somebody may ask.");
    keys.key("enabled", config.rate_limits.enabled, "Switch them off only for tests and benchmarks.");

    keys.section("federation", "Talking to other Matrix servers.");
    keys.key("enabled", config.federation.enabled, "");
    keys.key("partners", config.federation.partners, "Names of the only servers to talk to. Empty: all.");
    keys.key("trusted_ca_file", config.federation.trusted_ca_file,
             "A file with further certificate authorities (PEM), for closed networks.");
    keys.key("allow_private_addresses", config.federation.allow_private_addresses,
             "Networks (\"10.1.0.0/16\") that other servers may be in although they are not public.");
    keys.key("resolve", config.federation.resolve,
             "Where a server is, instead of asking DNS: name -> \"host:port\". Its certificate must still be for its name.");
    keys.key("notaries", config.federation.notaries,
             "Servers that are asked for the signing keys of others that do not answer. They learn whose keys we want.");
    keys.key("old_verify_keys", config.federation.old_verify_keys,
             "Signing keys that this server has used before, so that what it signed can still be checked:\n"
             "key id -> \"public key in base64, last used in ms\": { \"ed25519:a_x7Kd\" = \"VGhpcy4uLg 1700000000000\" }");

    keys.section("media", "Files that members upload.");
    keys.key("max_upload_bytes", config.media.max_upload_bytes, "The largest file.");
    keys.key("folder", config.media.folder, "Where they are kept. Empty: \"media\" in the data folder.");

    keys.section("mail", "Telling people by mail that there is news for them, never what. Empty server: no mail.");
    keys.key("server", config.mail.server, "The mail server that takes our mails, \"mail.hearth.example\".");
    keys.key("port", config.mail.port, "Usually 587; 465 with tls = \"implicit\".");
    keys.key("tls", config.mail.tls,
             "\"starttls\" or \"implicit\"; \"none\" only for a mail server on this machine. Without TLS and a valid\n"
             "certificate nothing is sent.");
    keys.key("trusted_ca_file", config.mail.trusted_ca_file,
             "A file with the certificate authorities (PEM) of the mail server. Empty: those of this machine.");
    keys.key("user", config.mail.user, "Whom to sign in as. Empty: without signing in.");
    keys.secret("password", config.mail.password, "");
    keys.key("from", config.mail.from, "The sender, \"Office <office@hearth.example>\".");

    keys.section("admission", "Applications to groups erase themselves: answers, contact, notes, the reception with its messages.");
    keys.key("after_decision_days", config.admission.after_decision_days, "Days after the decision. Withdrawn ones go at once.");
    keys.key("without_reaction_days", config.admission.without_reaction_days, "Days after the last sign of either side.");
    keys.key("knocks_from_everywhere", config.admission.knocks_from_everywhere,
             "People of other servers may ask, by knocking at a group's card or on its page. false: only those of offices that the "
             "group recognises.");

    keys.section("turn", "A TURN server, so that calls work behind routers.");
    keys.key("uris", config.turn.uris, "\"turns:turn.example.org?transport=tcp\"");
    keys.secret("shared_secret", config.turn.shared_secret, "The same as in the TURN server's configuration.");
    keys.key("lifetime_seconds", config.turn.lifetime_seconds, "How long a member's credentials are valid.");

    keys.section("meetings", "Video meetings.");
    keys.key("provider", config.meetings.provider, "\"jitsi\", \"bigbluebutton\" or \"livekit\". Empty: none.");
    keys.key("url", config.meetings.url, "");
    keys.secret("secret", config.meetings.secret, "");

    keys.section("retention", "When contents are erased by themselves.");
    keys.key("talk_days", config.retention.talk_days, "Days after which messages in talk rooms go. 0: never.");
    keys.key("counselling_days", config.retention.counselling_days, "Days after a counselling case has ended.");

    keys.section("log", "What the server writes to standard error. Never contents, names or addresses.");
    keys.key("level", config.log.level, "\"debug\" (one line per request), \"info\", \"warn\" or \"error\".");
}

void describe(Listener& listener, Keys& keys) {
    keys.key("bind", listener.bind, "Address to listen on. \"::\" is every address, IPv4 and IPv6.");
    keys.key("port", listener.port, "");
    keys.key("tls_certificate", listener.tls_certificate,
             "PEM files for HTTPS, the certificate with its chain. Empty: plain HTTP, behind a reverse proxy.");
    keys.key("tls_key", listener.tls_key, "");
    keys.key("serves", listener.serves,
             "What is answered here: \"client\", \"federation\", \"web\", \"admin\", \"metrics\" "
             "(Prometheus, at /metrics).");
    keys.key("trusted_proxies", listener.trusted_proxies,
             "Addresses or networks of reverse proxies whose X-Forwarded-For is believed.");
    keys.key("max_body_bytes", listener.max_body_bytes, "The largest request, uploads of files aside.");
}

}  // namespace runde::server
