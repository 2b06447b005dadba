#!/usr/bin/env python3
"""Serves a folder: web.py FOLDER CERTIFICATE KEY ADDRESS..., over HTTP on port 80 and over HTTPS on port 443."""
import functools
import http.server
import socket
import ssl
import sys
import threading

folder, certificate, key, *addresses = sys.argv[1:]
handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=folder)
tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain(certificate, key)


class Server(http.server.ThreadingHTTPServer):
    def __init__(self, address, port):
        self.address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
        super().__init__((address, port), handler)
        if port == 443:
            # the handshake belongs to the thread of its connection
            self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)


servers = [Server(address, port) for address in addresses for port in (80, 443)]
for server in servers[1:]:
    threading.Thread(target=server.serve_forever, daemon=True).start()
print("ready", flush=True)
servers[0].serve_forever()
