#!/usr/bin/env python3
"""People who are told things: a webhook and a mail server on the loopback interface.

  people.py FOLDER

FOLDER/ports gets "HTTP SMTP" when both listen. Each POST is a line of JSON in FOLDER/posts
(path, headers, body), each mail one in FOLDER/mails (from, to, data). While FOLDER/down exists, a
POST is answered with 500 and a mail with 451. While FOLDER/hang exists nobody gets an answer: who
waits for one is a line in FOLDER/hanging, and forgotten when it has gone."""
import asyncio
import json
import pathlib
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


async def mail(reader, writer):
    async def say(text):
        writer.write(text.encode() + b"\r\n")
        await writer.drain()

    record = {"from": None, "to": [], "data": ""}
    try:
        await say("220 people ready")
        while line := (await reader.readline()).decode().rstrip("\r\n"):
            verb = line.upper()
            if verb.startswith("MAIL FROM:"):
                record = {"from": line[10:].split(">")[0].strip("< "), "to": [], "data": ""}
                await hang(reader, "mail")
                await say("451 not now" if down() else "250 ok")
            elif verb.startswith("RCPT TO:"):
                record["to"].append(line[8:].strip("<> "))
                await say("250 ok")
            elif verb == "DATA":
                await say("354 go on")
                lines = []
                while (text := (await reader.readline()).decode()) != ".\r\n":
                    assert text.endswith("\r\n"), "a line of a mail ends in CR LF"
                    lines.append(text[1:] if text.startswith("..") else text)
                record["data"] = "".join(lines)
                keep("mails", record)
                await say("250 taken")
            elif verb == "QUIT":
                await say("221 bye")
                break
            else:
                await say("250 people" if verb.startswith(("EHLO", "HELO", "RSET", "NOOP")) else "502 no")
    except ConnectionError:
        pass
    finally:
        writer.close()


async def main():
    servers = [await asyncio.start_server(serve, "127.0.0.1", 0) for serve in (webhook, mail)]
    ports = " ".join(str(server.sockets[0].getsockname()[1]) for server in servers)
    (FOLDER / "ports.new").write_text(ports + "\n")
    (FOLDER / "ports.new").rename(FOLDER / "ports")
    await asyncio.gather(*(server.serve_forever() for server in servers))


asyncio.run(main())
