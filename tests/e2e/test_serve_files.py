"""Static files: what RFC 9110 asks of a server of files, and no way out of the root."""

import os
import subprocess

import pytest
from harness.codicil import Site, ask, get_command, raw_request

pytestmark = pytest.mark.http("h2", "h3")

FILES = {
    "index.html": b"<!doctype html><title>root</title>\n",
    "page.html": b"<p>page\n",
    "style.css": b"p { color: red }\n",
    "code.js": b"1\n",
    "pic.svg": b"<svg/>",
    "pic.png": b"\x89PNG",
    "data.json": b"{}",
    "text.txt": b"0123456789",
    "unknown.zzz": b"?",
    "empty": b"",
    "sub/index.html": b"<!doctype html><title>sub</title>\n",
    "noindex/file.txt": b"x",
    "with space.txt": b"space",
    ".hidden": b"secret",
}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    base = tmp_path_factory.mktemp("files")
    (base / "outside.txt").write_bytes(b"outside the root\n")
    for name, content in FILES.items():
        path = base / "root" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (base / "root" / "large").write_bytes(b"0123456789abcdef" * 65536)
    os.symlink(base / "outside.txt", base / "root" / "link-out.txt")
    os.symlink(base, base / "root" / "link-dir")
    return base / "root"


@pytest.fixture
def server(serve, certs, root):
    return serve([Site("a.example", certs["a"], root)])


def fetch(server, path, *fields, method="GET"):
    return ask(server.port, f"a.example:{server.port}", path, *fields, method=method)


@pytest.mark.parametrize(
    "path,kind",
    [
        ("/page.html", "text/html"),
        ("/style.css", "text/css"),
        ("/code.js", "text/javascript"),
        ("/pic.svg", "image/svg+xml"),
        ("/pic.png", "image/png"),
        ("/data.json", "application/json"),
        ("/text.txt", "text/plain"),
        ("/unknown.zzz", "application/octet-stream"),
    ],
)
def test_a_file_comes_with_its_type_and_length(server, path, kind):
    response = fetch(server, path)
    content = FILES[path[1:]]
    assert response["status"] == 200
    assert response["body"] == len(content)
    assert response["fields"]["content-length"] == str(len(content))
    assert response["fields"]["content-type"].split(";")[0] in {kind, "application/javascript"}


def test_responses_carry_a_date_and_validators(server):
    fields = fetch(server, "/text.txt")["fields"]
    assert {"date", "last-modified", "etag"} <= set(fields)
    assert fields.get("accept-ranges") == "bytes"


def test_a_large_file_comes_whole(server):
    assert fetch(server, "/large")["body"] == 1 << 20


def test_an_empty_file_is_200_without_octets(server):
    response = fetch(server, "/empty")
    assert (response["status"], response["body"]) == (200, 0)


@pytest.mark.parametrize("path,title", [("/", "root"), ("/sub/", "sub")])
def test_a_directory_is_its_index(server, path, title):
    response = fetch(server, path)
    assert response["status"] == 200
    assert title in response["text"]


def test_a_directory_without_slash_is_redirected(server):
    response = fetch(server, "/sub")
    assert response["status"] in (301, 308)
    assert response["fields"]["location"].endswith("/sub/")


@pytest.mark.parametrize("path", ["/nothing", "/noindex/", "/page.html/", "/sub/nothing"])
def test_what_is_not_there_is_404(server, path):
    assert fetch(server, path)["status"] == 404


def test_percent_encoding_is_decoded_once(server):
    assert fetch(server, "/with%20space.txt")["text"] == "space"
    assert fetch(server, "/with%2520space.txt")["status"] == 404


def test_a_query_does_not_change_the_file(server):
    assert fetch(server, "/text.txt?v=2")["text"] == "0123456789"


@pytest.mark.parametrize(
    "path",
    [
        "/../outside.txt",
        "/sub/../../outside.txt",
        "/%2e%2e/outside.txt",
        "/..%2foutside.txt",
        "/%2e%2e%2foutside.txt",
        "/sub/%2e%2e/%2e%2e/outside.txt",
        "/..\\outside.txt",
        "/....//outside.txt",
        "//outside.txt",
        "/link-out.txt",
        "/link-dir/outside.txt",
        "/text.txt%00.html",
        "/%00",
        "/%zz",
        "/%",
        "/%2",
        "/.//../outside.txt",
        "/etc/passwd",
        "//etc/passwd",
    ],
)
def test_no_path_leads_out_of_the_root(server, path):
    response = fetch(server, path)
    assert response["status"] in (400, 403, 404), response
    assert "outside" not in response["text"]


@pytest.mark.parametrize("path", ["text.txt", "", "*", "http://a.example/text.txt"])
def test_a_path_that_is_none_is_refused(server, path):
    response = fetch(server, path)
    assert response["status"] == 400 or response["reset"] is not None, response


# ---- ranges (RFC 9110 §14) ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "value,text,where",
    [
        ("bytes=0-3", "0123", "bytes 0-3/10"),
        ("bytes=4-", "456789", "bytes 4-9/10"),
        ("bytes=-3", "789", "bytes 7-9/10"),
        ("bytes=0-0", "0", "bytes 0-0/10"),
        ("bytes=9-100", "9", "bytes 9-9/10"),
        ("bytes=-100", "0123456789", "bytes 0-9/10"),
    ],
)
def test_a_range_is_206_and_its_octets(server, value, text, where):
    response = fetch(server, "/text.txt", f"range={value}")
    assert response["status"] == 206
    assert response["text"] == text
    assert response["fields"]["content-range"] == where
    assert response["fields"]["content-length"] == str(len(text))


@pytest.mark.parametrize("value", ["bytes=10-", "bytes=100-200", "bytes=-0"])
def test_a_range_beyond_the_end_is_416(server, value):
    response = fetch(server, "/text.txt", f"range={value}")
    assert response["status"] == 416
    assert response["fields"]["content-range"] == "bytes */10"


@pytest.mark.parametrize("value", ["lines=0-3", "bytes=3-1", "bytes=a-b", "bytes", "bytes=", "x"])
def test_a_range_that_is_none_is_ignored(server, value):
    response = fetch(server, "/text.txt", f"range={value}")
    assert response["status"] == 200
    assert response["text"] == "0123456789"


def test_several_ranges_may_be_answered_whole(server):
    response = fetch(server, "/text.txt", "range=bytes=0-1,4-5")
    assert response["status"] in (200, 206)


def test_if_range_that_does_not_match_gives_the_whole(server):
    response = fetch(server, "/text.txt", "range=bytes=0-3", 'if-range="other"')
    assert (response["status"], response["text"]) == (200, "0123456789")


def test_if_range_that_matches_gives_the_part(server):
    etag = fetch(server, "/text.txt")["fields"]["etag"]
    response = fetch(server, "/text.txt", "range=bytes=0-3", f"if-range={etag}")
    # A weak validator never matches here (RFC 9110 §13.1.5).
    assert response["status"] == (200 if etag.startswith("W/") else 206)


# ---- conditions (RFC 9110 §13) ------------------------------------------------------------------


def test_if_none_match_gives_304_without_a_body(server):
    etag = fetch(server, "/text.txt")["fields"]["etag"]
    for value in (etag, f'"x", {etag}', "*"):
        response = fetch(server, "/text.txt", f"if-none-match={value}")
        assert (response["status"], response["body"]) == (304, 0)
    assert fetch(server, "/text.txt", 'if-none-match="x"')["status"] == 200


def test_if_modified_since_gives_304(server):
    when = fetch(server, "/text.txt")["fields"]["last-modified"]
    assert fetch(server, "/text.txt", f"if-modified-since={when}")["status"] == 304
    old = "Sun, 06 Nov 1994 08:49:37 GMT"
    assert fetch(server, "/text.txt", f"if-modified-since={old}")["status"] == 200
    assert fetch(server, "/text.txt", "if-modified-since=yesterday")["status"] == 200


def test_if_none_match_comes_before_if_modified_since(server):
    when = fetch(server, "/text.txt")["fields"]["last-modified"]
    fields = ['if-none-match="x"', f"if-modified-since={when}"]
    assert fetch(server, "/text.txt", *fields)["status"] == 200


def test_if_match_that_fails_is_412(server):
    assert fetch(server, "/text.txt", 'if-match="x"')["status"] == 412
    assert fetch(server, "/text.txt", "if-match=*")["status"] == 200


# ---- methods ------------------------------------------------------------------------------------


def test_head_has_the_fields_of_get_and_no_body(server):
    get, head = fetch(server, "/text.txt"), fetch(server, "/text.txt", method="HEAD")
    assert (head["status"], head["body"]) == (200, 0)
    for name in ("content-length", "content-type", "etag", "last-modified"):
        assert head["fields"][name] == get["fields"][name]
    assert fetch(server, "/nothing", method="HEAD")["status"] == 404


def test_options_tells_what_is_allowed(server):
    response = fetch(server, "/text.txt", method="OPTIONS")
    assert response["status"] in (200, 204)
    assert {"GET", "HEAD"} <= set(response["fields"]["allow"].replace(",", " ").split())


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "BREW"])
def test_other_methods_are_405_with_allow(server, method):
    response = fetch(server, "/text.txt", method=method)
    assert response["status"] == 405
    assert "GET" in response["fields"]["allow"]


def test_many_requests_share_a_connection(server):
    fields = [":method=GET", ":scheme=https", f":authority=a.example:{server.port}", ":path=/large"]
    report = raw_request(server.port, *[fields] * 40, flags=["--sni", "a.example"])
    assert [r["body"] for r in report["responses"]] == [1 << 20] * 40
    assert report["code"] is None


def test_a_file_that_shrinks_ends_its_own_stream_only(server, root, ca, http):
    with open(root / "shrinking", "wb") as f:
        f.truncate(1 << 28)
    full = get_command("-sS", "--cacert", ca.pem)
    full += ["--resolve", f"a.example:{server.port}:127.0.0.1"]
    full += [f"https://a.example:{server.port}/shrinking"]
    with subprocess.Popen(full, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as client:
        client.stdout.read(1)  # it is on its way, and does not fit into what lies between
        os.truncate(root / "shrinking", 10)
        _, errors = client.communicate(timeout=30)
    # A stream's end, not the connection's: curl's words, of which HTTP/3 has but one.
    assert client.returncode == {"h2": 92, "h3": 95}[http.name], errors
    assert b"INTERNAL_ERROR" in errors
