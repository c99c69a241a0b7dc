"""HTTP/3 through libcurl: curl_client.py LIBRARY '{"urls": […], "ca": …, "resolve": […], …}'

Debian's curl program has no HTTP/3, its library has. Fetches the URLs one after the other with one
handle (so that connections are used again) and prints one line of JSON: for each URL libcurl's
result code, the status, the HTTP version, the octets, their SHA-256, and how many connections had
to be opened. `http` is "3only", "3" or "2"; `alt_svc` the file of an Alt-Svc cache.
"""

import ctypes
import hashlib
import json
import sys

# The numbers of curl.h: options (a long, a pointer, a function), and what is asked afterwards.
LONG, POINTER, FUNCTION = 0, 10000, 20000
URL, CAINFO, RESOLVE = POINTER + 2, POINTER + 65, POINTER + 203
ALTSVC, ALTSVC_CTRL = POINTER + 287, LONG + 286
WRITEFUNCTION, HTTP_VERSION, TIMEOUT = FUNCTION + 11, LONG + 84, LONG + 13
RESPONSE_CODE, NUM_CONNECTS, HTTP_VERSION_USED = 0x200002, 0x20001A, 0x20002E
VERSIONS = {"2": 4, "3": 30, "3only": 31}
ALTSVC_READS_H3 = 1 << 5
GLOBAL_DEFAULT = 3
WRITE = ctypes.CFUNCTYPE(
    ctypes.c_size_t, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t, ctypes.c_void_p)


class Handle:
    """One easy handle; its connections live as long as it does."""

    def __init__(self, path):
        self.library = ctypes.CDLL(path)
        self.library.curl_easy_init.restype = ctypes.c_void_p
        self.library.curl_slist_append.restype = ctypes.c_void_p
        self.library.curl_global_init(GLOBAL_DEFAULT)
        self.easy = ctypes.c_void_p(self.library.curl_easy_init())
        self.hash, self.size = None, 0
        self.write = WRITE(self._write)
        self.set(WRITEFUNCTION, self.write)

    def _write(self, data, size, num, _):
        self.hash.update(ctypes.string_at(data, size * num))
        self.size += size * num
        return size * num

    def set(self, option, value):
        if isinstance(value, str):
            value = ctypes.c_char_p(value.encode())
        elif isinstance(value, int):
            value = ctypes.c_long(value)
        code = self.library.curl_easy_setopt(self.easy, option, value)
        assert code == 0, f"curl_easy_setopt({option}) says {code}"

    def list_of(self, words):
        head = ctypes.c_void_p()
        for word in words:
            head = ctypes.c_void_p(
                self.library.curl_slist_append(head, ctypes.c_char_p(word.encode())))
        return head

    def info(self, what):
        number = ctypes.c_long()
        self.library.curl_easy_getinfo(self.easy, what, ctypes.byref(number))
        return number.value

    def fetch(self, url):
        self.hash, self.size = hashlib.sha256(), 0
        self.set(URL, url)
        code = self.library.curl_easy_perform(self.easy)
        return {
            "code": code,
            "status": self.info(RESPONSE_CODE),
            "http": self.info(HTTP_VERSION_USED),
            "connects": self.info(NUM_CONNECTS),
            "size": self.size,
            "sha256": self.hash.hexdigest(),
        }


def main():
    options = json.loads(sys.argv[2])
    handle = Handle(sys.argv[1])
    handle.set(CAINFO, options["ca"])
    handle.set(RESOLVE, handle.list_of(options["resolve"]))
    handle.set(HTTP_VERSION, VERSIONS[options["http"]])
    handle.set(TIMEOUT, 20)
    if "alt_svc" in options:
        handle.set(ALTSVC_CTRL, ALTSVC_READS_H3)
        handle.set(ALTSVC, options["alt_svc"])
    print(json.dumps([handle.fetch(url) for url in options["urls"]]))
    handle.library.curl_easy_cleanup(handle.easy)  # writes the cache


main()
