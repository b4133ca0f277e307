#!/usr/bin/env python3
"""People who are told things: a webhook and a mail server on the loopback interface.

  people.py FOLDER

FOLDER/ports gets "HTTP SMTP SMTPS" when all listen. Mail has TLS with FOLDER/tls.pem, a certificate and its key,
while that is there, and logging in then: FOLDER/account holds the user and the password in two lines, and
each try is a line of JSON in FOLDER/logins (user, right, secure). Each POST is a line of JSON in FOLDER/posts
(path, headers, body), each mail one in FOLDER/mails (from, to, data). While FOLDER/down exists, a
POST is answered with 500 and a mail with 451. While FOLDER/hang exists nobody gets an answer: who
waits for one is a line in FOLDER/hanging, and forgotten when it has gone."""
import asyncio
import base64
import json
import pathlib
import ssl
import sys

FOLDER = pathlib.Path(sys.argv[1])


def keep(name, record):
    with open(FOLDER / name, "a", encoding="utf-8") as file:
        file.write(json.dumps(record) + "\n")


def down():
    return (FOLDER / "down").exists()


async def hang(reader, what):
    if not (FOLDER / "hang").exists():
        return
    with open(FOLDER / "hanging", "a", encoding="utf-8") as file:
        file.write(what + "\n")
    if not await reader.read(1):
        raise ConnectionError("it has gone")


async def webhook(reader, writer):
    try:
        while line := (await reader.readline()).decode():
            _, path, _ = line.split(" ", 2)
            headers = {}
            while (header := (await reader.readline()).decode().rstrip("\r\n")):
                name, value = header.split(":", 1)
                headers[name.lower()] = value.strip()
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            await hang(reader, "post")
            if down():
                writer.write(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")
            else:
                keep("posts", {"path": path, "headers": headers, "body": json.loads(body)})
                writer.write(b"HTTP/1.1 204 OK\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


class Mailbox:
    """One connection of a mail client."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer
        self.secure = False
        self.record = {}

    async def say(self, text):
        self.writer.write(text.encode() + b"\r\n")
        await self.writer.drain()

    async def hear(self):
        return (await self.reader.readline()).decode().rstrip("\r\n")

    async def start_tls(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(FOLDER / "tls.pem")
        await self.writer.start_tls(context)
        self.secure = True

    async def greet(self):
        await self.say("250-people")
        if (FOLDER / "tls.pem").exists():
            await self.say("250-AUTH PLAIN" if self.secure else "250-STARTTLS")
        await self.say("250 HELP")

    async def log_in(self, initial):
        if not initial:
            await self.say("334 ")
            initial = await self.hear()
        _, user, password = base64.b64decode(initial).decode().split("\0")
        right = [user, password] == (FOLDER / "account").read_text().splitlines()
        keep("logins", {"user": user, "right": right, "secure": self.secure})
        await self.say("235 welcome" if right else "535 no such account")

    async def take(self):
        await self.say("354 go on")
        lines = []
        while (text := (await self.reader.readline()).decode()) != ".\r\n":
            assert text.endswith("\r\n"), "a line of a mail ends in CR LF"
            lines.append(text[1:] if text.startswith("..") else text)
        self.record["data"] = "".join(lines)
        keep("mails", self.record)
        await self.say("250 taken")

    async def obey(self, line):
        """False: the conversation is over; there is one for each mail, so that each logs in."""
        verb = line.upper()
        if verb.startswith("EHLO"):
            await self.greet()
        elif verb == "STARTTLS":
            await self.say("220 go on")
            await self.start_tls()
        elif verb.startswith("AUTH PLAIN"):
            await self.log_in(line[10:].strip())
        elif verb.startswith("MAIL FROM:"):
            self.record = {"from": line[10:].split(">")[0].strip("< "), "to": [], "data": "", "secure": self.secure}
            await hang(self.reader, "mail")
            await self.say("451 not now" if down() else "250 ok")
        elif verb.startswith("RCPT TO:"):
            self.record["to"].append(line[8:].strip("<> "))
            await self.say("250 ok")
        elif verb == "DATA":
            await self.take()
            return False
        else:
            await self.say("250 people" if verb.startswith(("HELO", "RSET", "NOOP")) else "502 no")
        return True


async def mail(reader, writer, secure=False):
    box = Mailbox(reader, writer)
    try:
        if secure:
            await box.start_tls()
        await box.say("220 people ready")
        while line := await box.hear():
            if line.upper() == "QUIT":
                await box.say("221 bye")
                break
            if not await box.obey(line):
                break
    except (ConnectionError, ssl.SSLError):
        pass
    finally:
        writer.close()


async def secure_mail(reader, writer):
    await mail(reader, writer, True)


async def main():
    servers = [await asyncio.start_server(serve, "127.0.0.1", 0) for serve in (webhook, mail, secure_mail)]
    ports = " ".join(str(server.sockets[0].getsockname()[1]) for server in servers)
    (FOLDER / "ports.new").write_text(ports + "\n")
    (FOLDER / "ports.new").rename(FOLDER / "ports")
    await asyncio.gather(*(server.serve_forever() for server in servers))


asyncio.run(main())
