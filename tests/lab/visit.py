"""What came of a victim's visit: who answered, on which connection, and the report's words."""

import json
import os
import re
import shlex

OUTCOMES = {
    "shared": "one connection",
    "apart": "own connection",
    "ATTACKER": "ATTACKER",
    "ATTACKER,apart": "ATTACKER, then own",
    "nobody": "no answer",
    "issued": "issued",
    "not issued": "not issued",
}


class Failed:
    """What could not be played; the attributes are those of a visit."""

    def __init__(self, error):
        self.command, self.outcome, self.words = "", "failed", type(error).__name__
        self.sentences = [str(error)]

    def describe(self):
        return self.sentences


class Visit:
    """One run of `codicil get`: who answered the request that matters, and why it went there."""

    def __init__(self, command, where, done, targets):
        self.command = f"cd {os.path.relpath(where)} && {shlex.join(command)}"
        self.stderr = done.stderr.decode(errors="replace")
        assert "Sanitizer" not in self.stderr, self.stderr
        try:
            self.report = json.loads(done.stdout)
        except ValueError:
            self.report = {"requests": [], "connections": []}
        self.targets = [self._target(i, f"{where}/{i}") for i in targets]

    def _target(self, index, path):
        request = self.report["requests"][index] if index < len(self.report["requests"]) else {}
        body = ""
        if os.path.exists(path):
            with open(path, encoding="utf-8") as f:
                body = f.read()
        return {"request": request, "answered_by": body}

    @property
    def outcome(self):
        """What happened: a word, or several by commas where it was not the same with all."""
        words = [self._outcome_of(each) for each in self.targets]
        return words[0] if len(set(words)) == 1 else ",".join(words)

    def _outcome_of(self, target):
        if not target["answered_by"] or target["request"].get("status") != 200:
            return "nobody"
        if target["answered_by"].startswith("attacker"):
            return "ATTACKER"
        if not target["request"]["coalesced"]:
            return "apart"
        # Nor was another connection opened, and then not used.
        return "shared" if self.num_handshakes == 1 else "shared and others"

    @property
    def words(self):
        """The reasons of the requests that matter, as `REASON` or `REASON:CERTIFICATE_REASON`."""
        found = []
        for each in self.targets:
            request = each["request"]
            word = request.get("reason") or "none"
            if request.get("certificate_reason"):
                word += ":" + request["certificate_reason"]
            if word not in found:
                found.append(word)
        return " ".join(found)

    @property
    def sentences(self):
        """Why, in the report's words, of each request that matters; ports are another each time."""
        found = []
        for each in self.targets:
            for text in (each["request"].get("sentence"), each["request"].get("error")):
                text = re.sub(r"(\.example):\d+", r"\1", text or "")
                if text and text not in found:
                    found.append(text)
        return found

    @property
    def num_handshakes(self):
        return sum(1 for c in self.report["connections"] if c["tls"])

    def describe(self):
        """What the report says of requests, connections and certificates, a line each."""
        lines = []
        for request in self.report["requests"]:
            dns = request.get("dns") or {}
            lines.append(f"{request['url']}: on connection {request['connection']}, "
                         f"{request['reason']}; DNS: {' '.join(dns.get('addresses', [])) or '-'}; "
                         f"{request['sentence']}")
            if request.get("error"):
                lines.append(f"{request['url']}: {request['error']}")
        for connection in self.report["connections"]:
            lines.append(f"connection {connection['id']} to {connection['remote']} for "
                         f"{connection['sni']}; Origin Set: {connection['origin_set']}")
            for proven in connection["certificates"]:
                required = " or ".join(proven.get("required_domains", []))
                lines.append(f"certificate for {', '.join(proven['names'])}"
                             f"{', which requires ' + required if required else ''}: "
                             f"{proven['decision']}. {proven.get('sentence') or ''}")
        if not lines:
            lines = self.stderr.splitlines()
        return [line for i, line in enumerate(lines) if line not in lines[:i]]
