"""A client of raw HTTP/2 for measuring: negotiates, asks for one file, holds connections open."""

import socket
import ssl
import time

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, SETTINGS, PING = 0, 1, 4, 6
SERVER_CERTIFICATE = 0xFC
SETTING = b"\xf0\xce\x00\x00\x00\x01"


def frame(kind, payload=b"", flags=0, stream=0):
    head = len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big")
    return head + payload


def field(name, value):
    return b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value


def get(authority, path):
    block = field(b":method", b"GET") + field(b":scheme", b"https")
    block += field(b":authority", authority.encode()) + field(b":path", path.encode())
    return frame(HEADERS, block, flags=5, stream=1)


CONTEXT = ssl.create_default_context()
CONTEXT.check_hostname = False
CONTEXT.verify_mode = ssl.CERT_NONE
CONTEXT.set_alpn_protocols(["h2"])


class Connection:
    """One connection; `negotiate` says whether it sends the setting."""

    def __init__(self, port, negotiate):
        raw = socket.create_connection(("127.0.0.1", port))
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        raw.settimeout(20)
        self.tls = CONTEXT.wrap_socket(raw, server_hostname="a.example")
        self.port = port
        self.hello = PREFACE + frame(SETTINGS, SETTING if negotiate else b"")
        self.buffer = b""

    def send(self, data):
        self.tls.sendall(data)

    def read_frame(self):
        while len(self.buffer) < 9 or len(self.buffer) < 9 + int.from_bytes(self.buffer[:3], "big"):
            data = self.tls.recv(65536)
            if not data:
                raise ConnectionError("closed")
            self.buffer += data
        size = 9 + int.from_bytes(self.buffer[:3], "big")
        head, self.buffer = self.buffer[:size], self.buffer[size:]
        return head[3], head[4], int.from_bytes(head[5:9], "big")

    def settle(self):
        """Sends the preface and a PING, and reads until the PING is answered."""
        self.send(self.hello + frame(PING, b"12345678"))
        while True:
            kind, flags, _ = self.read_frame()
            if kind == PING and flags & 1:
                return

    def first_response_us(self, path="/1k"):
        """From the preface, SETTINGS and a request, in one write, to the response's end."""
        start = time.perf_counter()
        self.send(self.hello + get(f"a.example:{self.port}", path))
        while True:
            kind, flags, stream = self.read_frame()
            if kind in (DATA, HEADERS) and stream == 1 and flags & 1:
                return (time.perf_counter() - start) * 1e6

    def close(self):
        self.tls.close()
