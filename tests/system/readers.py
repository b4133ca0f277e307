#!/usr/bin/env python3
"""readers.py SOCKET CONNECTIONS KEY...: reads the keys' secrets in turn over so many connections until
the agent is gone, then prints how many whole answers came of each key, one "KEY COUNT" a line.

With --first N it says "reading" on standard error once N answers have come."""
import socket
import sys
import threading

first = 0
arguments = sys.argv[1:]
if arguments[0] == "--first":
    first, arguments = int(arguments[1]), arguments[2:]
path, connections, keys = arguments[0], int(arguments[1]), arguments[2:]
lock = threading.Lock()
counts = dict.fromkeys(keys, 0)
told = False


def answer(stream):
    """True for a whole answer of 200; None when the connection is at its end."""
    status = stream.readline()
    length = 0
    while True:
        line = stream.readline()
        if line in (b"\r\n", b""):
            break
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    if not line or len(stream.read(length)) < length:
        return None
    return b" 200 " in status


def read_on(number):
    global told
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        stream = connection.makefile("rb")
        while True:
            key = keys[number % len(keys)]
            number += 1
            try:
                connection.sendall(
                    f"GET /v1/keys/{key}/secret HTTP/1.1\r\nHost: localhost\r\n"
                    "Accept: application/octet-stream\r\n\r\n".encode())
                good = answer(stream)
            except OSError:
                return
            if good is None:
                return
            with lock:
                counts[key] += good
                if not told and first and sum(counts.values()) >= first:
                    told = True
                    print("reading", file=sys.stderr, flush=True)


threads = [threading.Thread(target=read_on, args=(i,)) for i in range(connections)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
for key, count in counts.items():
    print(key, count)
