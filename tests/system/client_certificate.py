#!/usr/bin/env python3
"""An API over TLS that knows its callers by their certificate: GET /me answers whose it is.

    client_certificate.py READY CA SERVER_PEM
"""
import http.server
import json
import ssl
import sys


class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        subject = dict(part[0] for part in self.connection.getpeercert()["subject"])
        body = json.dumps({"name": subject["commonName"]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def main():
    ready, authority, certificate = sys.argv[1:]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.load_verify_locations(authority)
    context.verify_mode = ssl.CERT_REQUIRED
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    with open(ready, "w", encoding="utf-8") as file:
        file.write(str(server.server_port))
    server.serve_forever()


main()
