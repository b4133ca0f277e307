"""An agent that misbehaves: answers every request on a Unix socket with the same bytes.

fake_agent.py SOCKET ANSWER-FILE
"""
import os
import socket
import sys


def serve(path, answer):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path + ".new")
    listener.listen(16)
    os.rename(path + ".new", path)
    while True:
        connection, _ = listener.accept()
        connection.settimeout(60)
        try:
            while b"\r\n\r\n" not in connection.recv(65536):
                pass
            connection.sendall(answer)
        except OSError:
            pass  # it may leave before it has read all
        connection.close()


with open(sys.argv[2], "rb") as file:
    serve(sys.argv[1], file.read())
