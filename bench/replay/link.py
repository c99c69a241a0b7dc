"""A TCP link with a delay that counts octets: those of TLS handshakes, and all.

It looks at TLS record headers only. In TLS 1.3 the client's handshake ends with the first encrypted
record after its ClientHello (Finished), and until that has passed the server sends nothing but its
own handshake (it could send more; codicil does not).
"""

import asyncio
import threading


class Records:
    """Follows record headers in one direction of a connection."""

    def __init__(self):
        self.buffer = b""
        self.types = []

    def feed(self, data):
        """Returns the (type, octets) of every record that `data` completes."""
        self.buffer += data
        done = []
        while len(self.buffer) >= 5:
            size = 5 + int.from_bytes(self.buffer[3:5], "big")
            if len(self.buffer) < size:
                break
            done.append((self.buffer[0], size))
            self.buffer = self.buffer[size:]
        return done


class Counted:
    """What went over one connection."""

    def __init__(self):
        self.octets = 0
        self.handshake_octets = 0
        self.is_complete = False
        self.up, self.down = Records(), Records()

    def feed_up(self, data):
        self.octets += len(data)
        for kind, size in self.up.feed(data):
            if not self.is_complete:
                self.handshake_octets += size
                self.is_complete = kind == 23

    def feed_down(self, data):
        self.octets += len(data)
        if not self.is_complete:
            self.handshake_octets += len(data)


class Link:
    """Runs in a thread of its own; `port` is where clients connect."""

    def __init__(self, delay_ms):
        self.delay = delay_ms / 1000
        self.target = None
        self.connections = []
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.server = self._call(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = self.server.sockets[0].getsockname()[1]

    def _call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result()

    def connect_to(self, port):
        self.target = port

    def reset(self):
        self.connections = []

    def counted(self):
        complete = [c for c in self.connections if c.is_complete]
        return {
            "handshakes": len(complete),
            "octets": sum(c.octets for c in self.connections),
            "handshake_octets": sum(c.handshake_octets for c in self.connections),
        }

    def close(self):
        self._call(self._cancel())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(5)

    async def _cancel(self):
        self.server.close()
        self.loop.set_exception_handler(lambda *_: None)  # cancelled on purpose
        tasks = [t for t in asyncio.all_tasks() if t is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader, writer):
        counted = Counted()
        self.connections.append(counted)
        await asyncio.sleep(2 * self.delay)  # TCP's own handshake
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        await asyncio.gather(
            self._pump(reader, far_writer, counted.feed_up),
            self._pump(far_reader, writer, counted.feed_down),
        )

    async def _pump(self, reader, writer, count):
        """Passes octets on `delay` after they came, in order."""
        queue = asyncio.Queue()
        drain = asyncio.ensure_future(self._drain(queue, writer))
        try:
            while data := await reader.read(1 << 16):
                count(data)
                queue.put_nowait((self.loop.time() + self.delay, data))
        except ConnectionError:
            pass
        queue.put_nowait((self.loop.time() + self.delay, None))
        await drain

    async def _drain(self, queue, writer):
        try:
            while True:
                due, data = await queue.get()
                if self.delay:
                    await asyncio.sleep(max(0, due - self.loop.time()))
                if data is None:
                    writer.close()
                    return
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            writer.close()
