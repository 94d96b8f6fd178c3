"""A real SMTP server for the tests (aiosmtpd): keeps every mail as a file.

mail_server.py FOLDER [--certificate FILE --key FILE [--implicit]] [--sign-in USER:PASSWORD] [--refuse ADDRESS] [--busy ADDRESS]
Writes its port to FOLDER/port when it listens, and each mail to FOLDER/<n>.mail: envelope lines, an empty line, the decoded text.
"""
import argparse
import asyncio
import email
import email.policy
import os
import ssl

from aiosmtpd.smtp import SMTP, AuthResult


def read_options():
    options = argparse.ArgumentParser()
    options.add_argument("folder")
    for name in ("certificate", "key", "sign-in", "refuse", "busy"):
        options.add_argument("--" + name)
    options.add_argument("--implicit", action="store_true")
    return options.parse_args()


class Keeper:
    def __init__(self, options):
        self.options, self.count = options, 0

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        if address == self.options.refuse:
            return "550 5.1.1 no such mailbox"
        if address == self.options.busy:
            return "451 4.7.1 come back later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.count += 1
        lines = [f"tls: {session.ssl is not None or self.options.implicit}", f"signed in: {session.authenticated is True}",
                 f"hello: {session.host_name}", f"sender: {envelope.mail_from}", f"recipients: {' '.join(envelope.rcpt_tos)}"]
        lines += [f"{name}: {message[name]}" for name in ("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted")]
        longest = max(len(line) for line in envelope.content.splitlines())
        lines += [f"longest line: {longest}", "", message.get_content().replace("\r\n", "\n")]
        path = os.path.join(self.options.folder, f"{self.count}.mail")
        with open(path + ".part", "w", encoding="utf-8") as file:
            file.write("\n".join(lines))
        os.rename(path + ".part", path)
        return "250 OK"


def main():
    options = read_options()
    context = None
    if options.certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(options.certificate, options.key)

    def check(server, session, envelope, mechanism, data):
        good = options.sign_in.encode() == data.login + b":" + data.password
        return AuthResult(success=good, handled=False)

    more = {"authenticator": check, "auth_required": True} if options.sign_in else {}
    if context and not options.implicit:
        more |= {"tls_context": context, "require_starttls": True}
    elif options.sign_in:
        more |= {"auth_require_tls": False}
    keeper = Keeper(options)

    async def serve():
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: SMTP(keeper, hostname="mail.hearth.test", loop=loop, **more), "127.0.0.1", 0,
                                          ssl=context if options.implicit else None)
        with open(os.path.join(options.folder, "port.part"), "w") as file:
            file.write(str(server.sockets[0].getsockname()[1]))
        os.rename(os.path.join(options.folder, "port.part"), os.path.join(options.folder, "port"))
        await server.serve_forever()

    asyncio.run(serve())


main()
