"""A recorded page load, reduced to what a replay needs: hosts, sizes, and what waits for what."""

import datetime
import json
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass
class Request:
    host: str
    url: str
    size: int
    start: float  # milliseconds since the first request
    end: float
    initiator: str | None
    after: int | None = None  # index of the request whose response it waits for


def milliseconds(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000


def initiator_of(entry):
    """The URL that caused the request, where the recording tells one."""
    told = entry.get("_initiator")
    if isinstance(told, dict):
        told = told.get("url")
    return told or None


def size_of(response):
    """Octets of the body as they went over the wire, as far as the recording tells."""
    body = response.get("bodySize") or 0
    content = response.get("content") or {}
    if body <= 0:
        body = (response.get("_transferSize") or 0) - max(response.get("headersSize") or 0, 0)
    if body <= 0 and not response.get("_transferSize"):
        body = (content.get("size") or 0) - (content.get("compression") or 0)
    return max(body, 0)


class Recording:
    """One page of a HAR file."""

    def __init__(self, path, page=1):
        with open(path, encoding="utf-8") as f:
            log = json.load(f)["log"]
        entries = self._of_page(log, page)
        secure = [e for e in entries if urlsplit(e["request"]["url"]).scheme == "https"]
        if not secure:
            raise SystemExit(f"{path}: page {page} has no https request")
        origin = min(milliseconds(e["startedDateTime"]) for e in secure)
        self.requests = [self._request(e, origin) for e in secure]
        self.requests.sort(key=lambda r: r.start)
        self.hosts = list(dict.fromkeys(r.host for r in self.requests))
        used = {e["connection"] for e in secure if e.get("connection")}
        self.num_connections = len(used)
        by_initiator = self._find_dependencies()
        self._describe(log, entries, secure, page, by_initiator)

    @staticmethod
    def _of_page(log, page):
        pages = [p["id"] for p in log.get("pages", [])]
        if len(pages) < 2:
            return log["entries"]
        if page > len(pages):
            raise SystemExit(f"the recording has {len(pages)} pages")
        return [e for e in log["entries"] if e.get("pageref") == pages[page - 1]]

    @staticmethod
    def _request(entry, origin):
        url = entry["request"]["url"]
        start = milliseconds(entry["startedDateTime"]) - origin
        host = urlsplit(url).hostname
        return Request(host, url, size_of(entry["response"]), start, start + max(entry["time"], 0),
                       initiator_of(entry))

    def _find_dependencies(self):
        """A request waits for its initiator's response; without one, for the last to have ended."""
        by_initiator = 0
        for i, request in enumerate(self.requests):
            ended = [k for k in range(i) if self.requests[k].end <= request.start]
            named = [k for k in ended if self.requests[k].url == request.initiator]
            if named:
                request.after = named[-1]
                by_initiator += 1
            elif ended:
                request.after = max(ended, key=lambda k: self.requests[k].end)
        return by_initiator

    def _describe(self, log, entries, secure, page, by_initiator):
        waiting = sum(r.after is not None for r in self.requests)
        num_pages = max(len(log.get("pages", [])), 1)
        methods = sum(e["request"]["method"] != "GET" for e in secure)
        others = sum(e["response"]["status"] != 200 for e in secure)
        self.modelled = [
            f"page {page} of {num_pages} in the file",
            f"{len(entries) - len(secure)} requests that were not https are left out",
            f"bodies are random octets of the recorded size on the wire; {methods} requests that "
            f"were not GET are replayed as GET, {others} responses that were not 200 as 200",
            f"{by_initiator} requests start when their recorded initiator's response is complete, "
            f"{waiting - by_initiator} when the response is that was the last to end before they "
            "began, the others at once; the browser's own computing time is not modelled",
            "request and response fields are codicil's own, not the recorded ones",
        ]
