#!/usr/bin/env python3
"""crowd.py SOCKET CONNECTIONS ROUNDS: so many connections ask for the health at once, and each leaves with its answer,
so that those beyond the agent's limit have theirs, too. Fails when nobody has an answer for two minutes."""
import selectors
import socket
import sys

REQUEST = b"GET /v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n"


def ask_all(crowd):
    left = selectors.DefaultSelector()
    for one in crowd:
        left.register(one, selectors.EVENT_READ)
    for one in crowd:
        one.sendall(REQUEST)
    while left.get_map():
        ready = left.select(120)
        if not ready:
            sys.exit(f"{len(left.get_map())} of {len(crowd)} have no answer")
        for key, _ in ready:
            if not key.fileobj.recv(65536).startswith(b"HTTP/1.1 200"):
                sys.exit("another answer")
            left.unregister(key.fileobj)
            key.fileobj.close()


def crowd_of(count, path):
    crowd = [socket.socket(socket.AF_UNIX) for _ in range(count)]
    for one in crowd:
        one.connect(path)
    return crowd


for _ in range(int(sys.argv[3])):
    ask_all(crowd_of(int(sys.argv[2]), sys.argv[1]))
