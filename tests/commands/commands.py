#!/usr/bin/env python3
"""What an operator does at the shell for the organisation: who it is, its texts, the first roles; and what people then see."""
import json
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from checks import check, result  # noqa: E402
from homeserver import OPENER, PROGRAM, Homeserver, call  # noqa: E402
from people import Person, refusal, until  # noqa: E402



def admin(server, *words):
    return subprocess.run([PROGRAM, "admin", *map(str, words), "--config", server.config, "--data", server.data],
                          capture_output=True, text=True, timeout=120)


def page(server, path):
    request = urllib.request.Request(server.url + path, headers={"Accept": "text/html", "Accept-Language": "de"})
    with OPENER.open(request, timeout=20) as answer:
        return answer.read().decode()


def me(person):
    return call(person.url, "GET", "/_runde/v1/me", token=person.token)


def roles(person):
    return sorted(grant["role"] for grant in me(person)["roles"])


def play(server):
    session = server.register("erika")
    erika = Person(server.url, session["user_id"], session["access_token"])
    check("the front page says kindly that nothing is set up yet", "entsteht" in page(server, "/"))

    # Who we are
    about = {"kind": "association", "name": "Selbsthilfe Beispielstadt e.V.", "purpose": "Wir helfen einander.",
             "responsible": ["Erika Muster, Vorsitzende"], "contact_email": "hallo@beispiel.example", "answer_days": 3}
    file = server.folder / "organisation.json"
    file.write_text(json.dumps(about))
    check("set-organisation", admin(server, "set-organisation", file).returncode, 0)
    check("the imprint names who answers", "Erika Muster, Vorsitzende" in page(server, "/impressum"))
    found = call(server.url, "GET", "/_runde/v1/organisation")
    check("and the API tells it", (found["name"], found["answer_days"]), (about["name"], 3))
    # The running server makes the public space by itself.
    until("the organisation's space", lambda: about["name"] in [
        room.get("name") for room in call(server.url, "POST", "/_matrix/client/v3/publicRooms", {}, erika.token)["chunk"]], 90)
    check("on Matrix there is its public space", True)
    for what, change in (("a kind that there is not", {"kind": "club"}), ("no way to reach it", {"contact_email": ""})):
        file.write_text(json.dumps({**about, **change}))
        refused = admin(server, "set-organisation", file)
        check(f"{what} is refused", (refused.returncode != 0, refused.stderr.strip() != ""), (True, True))
    file.write_text("{")
    check("so is what is no JSON", admin(server, "set-organisation", file).returncode != 0)
    check("and nothing has changed", call(server.url, "GET", "/_runde/v1/organisation")["kind"], "association")

    # Texts
    text = server.folder / "imprint.txt"
    text.write_text("# Impressum\n\nAngaben nach § 5 DDG\n")
    plain = server.folder / "imprint-leicht.txt"
    plain.write_text("Wir sind ein Verein.\n")
    check("set-text", admin(server, "set-text", "imprint", "--sie", text, "--leicht", plain).stdout, "Version 1\n")
    check("the page shows it", "Angaben nach § 5 DDG" in page(server, "/impressum"))
    check("in plain language too", "Wir sind ein Verein." in page(server, "/impressum?lang=leicht"))
    text.write_text("Neu\n")
    check("again: a new version", admin(server, "set-text", "imprint", "--sie", text).stdout, "Version 2\n")
    check("an unknown text is refused", admin(server, "set-text", "recipe", "--sie", text).returncode != 0)
    check("so is one without any words", admin(server, "set-text", "imprint").returncode != 0)

    # Roles
    check("nobody has a role yet", (roles(erika), admin(server, "roles").stdout), ([], ""))
    check("Erika may not make groups", refusal(call, server.url, "POST", "/_runde/v1/groups",
                                                {"name": "Abend", "topic": "sucht", "forms": ["online"]}, erika.token), "403 M_FORBIDDEN")
    check("grant-role", admin(server, "grant-role", "erika", "board").returncode, 0)
    check("the list names who gave it", admin(server, "roles").stdout.split(), ["board", "@erika:hearth.test", "by", "command", "line"])
    until("the running server has noticed", lambda: roles(erika) == ["board"], 60)
    group = call(server.url, "POST", "/_runde/v1/groups", {"name": "Abend", "topic": "sucht", "forms": ["online"]}, erika.token)
    check("now she may", group["name"], "Abend")
    check("whoever runs the server reads nothing by that", [grant["role"] for grant in me(erika)["roles"]], ["board"])
    check("for a while: grant-role --days", admin(server, "grant-role", "erika", "office", "--days", 30).returncode, 0)
    granted = {grant["role"]: grant for grant in me(erika)["roles"]}
    check("it says until when", 29.9 < (granted["office"]["until"] - granted["office"]["granted_ts"]) / 86_400_000 < 30.1)
    for what, words in (("a role that there is not", ("grant-role", "erika", "queen")),
                        ("a group's role", ("grant-role", "erika", "member")),
                        ("an account that there is not", ("grant-role", "nobody", "board")),
                        ("withdrawing what nobody has", ("withdraw-role", "erika", "operator"))):
        refused = admin(server, *words)
        check(f"{what} is refused", (refused.returncode != 0, refused.stderr.strip() != ""), (True, True))
    check("withdraw-role", admin(server, "withdraw-role", "erika", "board").returncode, 0)
    check("withdrawn is withdrawn", roles(erika), ["office"])

    # Without a running server
    server.stop()
    check("it works without the server, too", admin(server, "withdraw-role", "erika", "office").returncode, 0)
    check("the list is empty", admin(server, "roles").stdout, "")
    server.start()
    check("and the server knows", roles(erika), [])


def main():
    try:
        with Homeserver(more='\n[node]\nname = "Im Aufbau"\n') as server:
            play(server)
    except Exception as problem:  # noqa: BLE001
        check("nothing unexpected", repr(problem), "")
    return result()


if __name__ == "__main__":
    sys.exit(main())
