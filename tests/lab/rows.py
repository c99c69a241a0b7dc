"""The lab's rows: who is there, what the attacker tries, and what has to come of it.

Expectations are data: for each variant of a row three of them, with Required Domain off
(`insecure-ignore`), honoured and required. Each is what happened to the request that matters, and
the reason words of the report:

    shared   answered by whom it was meant for, on the connection that was there
    apart    answered by whom it was meant for, on a connection of its own
    ATTACKER answered by the attacker

Both versions of HTTP have to give the same.
"""

import re

from plays import ask_to_issue, block_meanwhile, spki_sha256
from stage import Held, Party, Stage

SHOP, CDN, FAR, THIEF = "127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.66"

HOSTS = {
    "www.shop.example": SHOP,
    "img.shop.example": SHOP,
    "static.shop.example": SHOP,
    "www.news.example": CDN,
    "www.travel.example": CDN,
    "www.music.example": CDN,
    "glue.cdn.example": CDN,
    "shared.cdn.example": CDN,
    "phish.example": THIEF,
    "gate.example": "127.0.0.1",  # see plays.Gate
}

# By label: names, required domains, and whose signature it has. `careful` asks CAA before it signs;
# `careless` signs what it is given. Victims trust both.
CERTIFICATES = {
    "www.shop": (["www.shop.example"], [], "careful"),
    "img.shop": (["img.shop.example"], ["www.shop.example"], "careful"),
    "static.shop": (["static.shop.example"], ["www.shop.example"], "careful"),
    "www.news": (["www.news.example"], [], "careful"),
    "www.travel": (["www.travel.example"], [], "careful"),
    "www.music": (["www.music.example"], [], "careful"),
    "glue.news": (["glue.cdn.example"], ["www.news.example"], "careful"),
    "glue.travel": (["glue.cdn.example"], ["www.travel.example"], "careful"),
    "glue.music": (["glue.cdn.example"], ["www.music.example"], "careful"),
    "glue.phish": (["glue.cdn.example"], ["phish.example"], "careful"),
    "shared": (["shared.cdn.example"], ["glue.cdn.example"], "careful"),
    "phish": (["phish.example"], [], "careful"),
    "both": (["phish.example", "www.shop.example"], [], "careless"),
    "misissued": (["www.shop.example"], [], "careless"),
    "misissued-required": (["www.shop.example"], ["phish.example"], "careless"),
    "misissued-any": (["www.shop.example"], ["*"], "careless"),
}

# What the owners of names say in DNS of who may be required (protocol §8).
CAA = [
    ("shop.example", "requireddomain", "www.shop.example"),
    ("cdn.example", "requireddomain", "www.news.example"),
    ("cdn.example", "requireddomain", "www.travel.example"),
    ("cdn.example", "requireddomain", "www.music.example"),
    ("cdn.example", "requireddomain", "phish.example"),
    ("cdn.example", "requireddomain", "glue.cdn.example"),
]


class Variant:
    """One way in which a row is played: the client's flags, what DNS says, where to go."""

    def __init__(self, label, expect, flags=(), dns=None, visit=None, play=Stage.visit):
        self.label, self.expect, self.flags = label, expect, list(flags)
        self.dns, self.visit, self.play = dns or {}, visit, play
        self.key = re.sub(r"[^a-z]+", "-", label.lower()).strip("-")


class Row:
    """What is tried, with whom, and what has to come of it."""

    def __init__(self, key, title, story, parties, visit, variants, **more):
        self.key, self.title, self.story = key, title, re.sub(r"\s+", " ", story).strip()
        self.parties, self.visit, self.variants = parties, visit, variants
        self.targets = more.get("targets", [len(visit) - 1])


def evidence(mode, *more):
    return ["--dns-evidence", mode, *more]


def dns_modes(**expect):
    """A variant for each mode of DNS evidence; `caa` has no anchor marked, as by default."""
    labels = {"always": "DNS asked always", "caa": "DNS skipped for marked CAs (default)",
              "origin": "DNS skipped for the Origin Set", "never": "DNS never asked"}
    modes = {"always": "always", "caa": "caa", "origin": "insecure-origin",
             "never": "insecure-never"}
    return [Variant(labels[key], expect[key], evidence(modes[key])) for key in modes]


def same(text):
    """The same with Required Domain off, honoured and required."""
    return (text, text, text)


SHOP_PARTY = Party("shop", SHOP, {
    "www.shop.example": Held("www.shop", ["img.shop.example", "static.shop.example"]),
    "img.shop.example": Held("img.shop"),
    "static.shop.example": Held("static.shop"),
})
CDN_PARTY = Party("cdn", CDN, {
    **{f"www.{site}.example": Held(f"www.{site}", ["shared.cdn.example"])
       for site in ("news", "travel", "music")},
    "shared.cdn.example": Held("shared"),
    "glue.cdn.example": Held("glue.news"),
}, glue=["glue.news", "glue.travel", "glue.music"])
FAR_PARTY = Party("cdn far away", FAR, {"shared.cdn.example": Held("shared")})


def attacker(extra="", certificate="phish", names=None, **stolen):
    """phish.example's server; it proves each of `stolen`, a label by host (dots as underscores)."""
    held = {host.replace("_", "."): Held(label) for host, label in stolen.items()}
    own = Held(certificate, list(held), **({"names": names} if names else {}))
    return Party("attacker", THIEF, {"phish.example": own, **held}, extra=extra)


WWW, IMG, SHARED = "www.shop.example", "img.shop.example", "shared.cdn.example"
PHISH = "phish.example"
MISSING = "apart certificate:required-domain-missing"
UNPROVEN = "apart certificate:required-domain"
# The same where DNS does not speak against it: the request is held for what may still come.
WAITED = "apart waited:required-domain"
ANY = "apart certificate:required-domain-any"

ELSEWHERE = {"glue.cdn.example": FAR, SHARED: FAR}

DEPLOYMENTS = [
    Row("property", "A single property: www, then img and static",
        """The shop has three hosts on one server and a certificate for each. Those of img and
        static require www.shop.example. Its page needs all three.""",
        [SHOP_PARTY], [WWW, IMG, "static.shop.example"],
        [Variant("DNS asked always", same("shared secondary"), evidence("always")),
         Variant("DNS skipped for marked CAs (default)", same("shared secondary")),
         Variant("DNS asked always, and validated", same("shared secondary"),
                 evidence("always", "--dnssec-anchor", "dns"))],
        targets=[1, 2]),
    Row("cdn", "A CDN: three customers' sites, glue, and a shared host",
        """A CDN serves three customers and shared.cdn.example, from which all their pages load. To
        each connection belongs a glue certificate for glue.cdn.example, which requires the
        customer's name; the shared host's certificate requires glue.cdn.example.""",
        [CDN_PARTY], ["www.news.example", SHARED],
        [Variant(f"www.{site}.example", same("shared secondary"),
                 visit=[f"www.{site}.example", SHARED])
         for site in ("news", "travel", "music")]),
    Row("far", "The same where DNS leads the shared host elsewhere",
        """DNS names another of the CDN's places for glue and the shared host. The connection may
        be used all the same where the user marked the CA as one that asks CAA before it signs.""",
        [CDN_PARTY, FAR_PARTY], ["www.news.example", SHARED],
        [Variant("DNS skipped for marked CAs; none is",
                 ("apart dns-mismatch", UNPROVEN, UNPROVEN), dns=ELSEWHERE),
         Variant("the issuing CA is marked", ("apart dns-mismatch", "shared secondary",
                                              "shared secondary"),
                 ["--caa-anchor", "careful"], dns=ELSEWHERE)]),
]

ATTACKS = [
    Row("stolen-plain", "Stolen key; its certificate without the extension",
        """The attacker has the key of www.shop.example. Who comes to phish.example gets that
        certificate as a secondary one.""",
        [SHOP_PARTY, attacker(www_shop_example="www.shop")], [PHISH, WWW],
        [*dns_modes(always=("apart dns-mismatch", "apart dns-mismatch", MISSING),
                    caa=("apart dns-mismatch", "apart dns-mismatch", MISSING),
                    origin=("ATTACKER secondary", "ATTACKER secondary", MISSING),
                    never=("ATTACKER secondary", "ATTACKER secondary", MISSING)),
         Variant("DNS led astray as well", ("ATTACKER secondary", "ATTACKER secondary",
                                            "ATTACKER certificate:required-domain-missing"),
                 evidence("always"), {WWW: THIEF}),
         Variant("the same, DNS is validated", same("nobody none"),
                 evidence("always", "--dnssec-anchor", "dns"), {WWW: THIEF})]),
    Row("stolen-required", "Stolen key; its certificate requires www.shop.example",
        """The same with the key of img.shop.example, whose certificate requires www.shop.example.
        The connection to phish.example never proves that.""",
        [SHOP_PARTY, attacker(img_shop_example="img.shop")], [PHISH, IMG],
        [*dns_modes(always=("apart dns-mismatch", UNPROVEN, UNPROVEN),
                    caa=("apart dns-mismatch", UNPROVEN, UNPROVEN),
                    origin=("ATTACKER secondary", WAITED, WAITED),
                    never=("ATTACKER secondary", WAITED, WAITED)),
         Variant("DNS led astray as well", ("ATTACKER secondary",
                                            "ATTACKER waited:required-domain",
                                            "ATTACKER waited:required-domain"),
                 evidence("always"), {IMG: THIEF})]),
    Row("stolen-glue", "Stolen glue key",
        """The attacker has the key of a glue certificate: glue.cdn.example, which requires
        www.news.example.""",
        [CDN_PARTY, attacker(glue_cdn_example="glue.news")], [PHISH, "glue.cdn.example"],
        [Variant("DNS asked always", ("apart dns-mismatch", UNPROVEN, UNPROVEN),
                 evidence("always")),
         Variant("DNS never asked", ("ATTACKER secondary", WAITED, WAITED),
                 evidence("insecure-never"))]),
    Row("stolen-shared", "Stolen key of the shared host",
        """The attacker has the key of shared.cdn.example, whose certificate requires
        glue.cdn.example.""",
        [CDN_PARTY, attacker(shared_cdn_example="shared")], [PHISH, SHARED],
        [Variant("DNS asked always", ("apart dns-mismatch", UNPROVEN, UNPROVEN),
                 evidence("always")),
         Variant("DNS never asked", ("ATTACKER secondary", WAITED, WAITED),
                 evidence("insecure-never"))]),
    Row("stolen-chain", "Stolen keys of the shared host and of a customer's glue",
        """Both together: shared.cdn.example requires glue.cdn.example, which is here, and requires
        www.news.example, which is not.""",
        [CDN_PARTY, attacker(glue_cdn_example="glue.news", shared_cdn_example="shared")],
        [PHISH, SHARED],
        [Variant("DNS asked always", ("apart dns-mismatch", UNPROVEN, UNPROVEN),
                 evidence("always")),
         Variant("DNS never asked", ("ATTACKER secondary", WAITED, WAITED),
                 evidence("insecure-never"))]),
    Row("stolen-customer", "The same, and the attacker is a customer",
        """phish.example is a customer of the CDN, so that there is a glue certificate that
        requires phish.example; the attacker has its key, and the shared host's. Glue has to be
        authoritative, not only there: what DNS says of it decides, where it is asked.""",
        [CDN_PARTY, attacker(glue_cdn_example="glue.phish", shared_cdn_example="shared")],
        [PHISH, SHARED],
        [Variant("DNS asked always", ("apart dns-mismatch", UNPROVEN, UNPROVEN),
                 evidence("always")),
         Variant("DNS skipped for marked CAs (default)",
                 ("apart dns-mismatch", UNPROVEN, UNPROVEN)),
         Variant("the same, the issuing CA is marked",
                 ("apart dns-mismatch", "ATTACKER secondary", "ATTACKER secondary"),
                 ["--caa-anchor", "careful"]),
         Variant("DNS never asked", same("ATTACKER secondary"), evidence("insecure-never"))]),
    Row("stolen-two", "Stolen keys of www and img together",
        """The attacker has the key of img.shop.example and that of www.shop.example, which the
        former requires; the latter is an ordinary certificate. Possession is not enough: the
        connection would have to be authoritative for www.shop.example.""",
        [SHOP_PARTY, attacker(www_shop_example="www.shop", img_shop_example="img.shop")],
        [PHISH, IMG],
        [*dns_modes(always=("apart dns-mismatch", UNPROVEN, UNPROVEN),
                    caa=("apart dns-mismatch", UNPROVEN, UNPROVEN),
                    origin=("ATTACKER secondary", "ATTACKER secondary", WAITED),
                    never=("ATTACKER secondary", "ATTACKER secondary", WAITED)),
         Variant("DNS of img led astray, not of www",
                 ("ATTACKER secondary", "ATTACKER waited:required-domain",
                  "ATTACKER waited:required-domain"),
                 evidence("always"), {IMG: THIEF})]),
    Row("both", "One certificate for attacker and victim, with ORIGIN",
        """The attacker got one certificate for phish.example and www.shop.example, serves it in
        the handshake, and lists both in ORIGIN. No secondary certificate is needed.""",
        [SHOP_PARTY, attacker(certificate="both", names=[PHISH, WWW])], [PHISH, WWW],
        dns_modes(always=same("apart dns-mismatch"), caa=same("apart dns-mismatch"),
                  origin=same("ATTACKER primary"), never=same("ATTACKER primary"))),
    Row("both-no-origin", "The same without ORIGIN",
        """Without an Origin Set there is nothing for which the look into DNS could be skipped, but
        by who never looks.""",
        [SHOP_PARTY, attacker("origin: off\n", certificate="both", names=[PHISH, WWW])],
        [PHISH, WWW],
        dns_modes(always=same("apart dns-mismatch"), caa=same("apart dns-mismatch"),
                  origin=same("apart dns-mismatch"), never=same("ATTACKER primary"))),
    Row("misissued", "Misissued certificate without the extension",
        """A careless CA gave the attacker a certificate for www.shop.example. It is used as a
        stolen one is.""",
        [SHOP_PARTY, attacker(www_shop_example="misissued")], [PHISH, WWW],
        dns_modes(always=("apart dns-mismatch", "apart dns-mismatch", MISSING),
                  caa=("apart dns-mismatch", "apart dns-mismatch", MISSING),
                  origin=("ATTACKER secondary", "ATTACKER secondary", MISSING),
                  never=("ATTACKER secondary", "ATTACKER secondary", MISSING))),
    Row("misissued-required", "Misissued certificate that requires phish.example",
        """The careless CA gave the attacker a certificate for www.shop.example that requires
        phish.example: the attacker's connection proves it. What is left is DNS, unless the user
        said that this CA asks CAA first.""",
        [SHOP_PARTY, attacker(www_shop_example="misissued-required")], [PHISH, WWW],
        [*dns_modes(always=same("apart dns-mismatch"), caa=same("apart dns-mismatch"),
                    origin=same("ATTACKER secondary"), never=same("ATTACKER secondary")),
         Variant("another CA is marked", same("apart dns-mismatch"), ["--caa-anchor", "careful"]),
         Variant("the careless CA is marked",
                 ("apart dns-mismatch", "ATTACKER secondary", "ATTACKER secondary"),
                 ["--caa-anchor", "careless"])]),
    Row("caa", "The same, and the CA asks CAA first",
        """The careful CA is asked for certificates that carry the extension. The shop's CAA
        records name www.shop.example; a required domain that they do not name is not signed, nor
        is one where there are no records, or where DNS fails.""",
        [SHOP_PARTY], [PHISH, WWW],
        [Variant("CAA grants other required domains", same("not issued exit:1"),
                 play=ask_to_issue(WWW, PHISH)),
         Variant("without CAA records: www.news.example", same("not issued exit:1"),
                 play=ask_to_issue("www.news.example", PHISH)),
         Variant("DNS fails", same("not issued exit:1"),
                 play=ask_to_issue("www.broken.example", PHISH)),
         Variant("CAA grants it: the shop for itself", same("issued exit:0"),
                 play=ask_to_issue("cart.shop.example", WWW)),
         Variant("CAA is not asked: --insecure-skip-caa", same("issued exit:0"),
                 play=ask_to_issue(WWW, PHISH, "--insecure-skip-caa"))]),
    Row("blocked", "The breadcrumb is blocked while the connection is open",
        """The misissued certificate that requires phish.example was accepted, and the attacker
        answered a request. Then `breadcrumb phish.example` is written to the client's block list;
        the next request goes elsewhere, without a restart. In the second line the entry is the
        key's hash.""",
        [SHOP_PARTY, attacker(www_shop_example="misissued-required")], [PHISH, WWW],
        [Variant("breadcrumb", same("ATTACKER,apart secondary certificate:blocked"),
                 evidence("insecure-never"),
                 play=block_meanwhile(lambda office: f"breadcrumb {PHISH}")),
         Variant("spki", same("ATTACKER,apart secondary certificate:blocked"),
                 evidence("insecure-never"),
                 play=block_meanwhile(
                     lambda office: f"spki {spki_sha256(office.get('misissued-required'))}"))]),
    Row("any", "Misissued certificate that requires `*`",
        """`*` demands nothing of the connection. It is refused, unless the user allows it; and
        where it is allowed it never stands for DNS evidence.""",
        [SHOP_PARTY, attacker(www_shop_example="misissued-any")], [PHISH, WWW],
        [Variant("DNS never asked", ("ATTACKER secondary", ANY, ANY), evidence("insecure-never")),
         Variant("the same, and `*` is allowed", same("ATTACKER secondary"),
                 evidence("insecure-never", "--insecure-any-required-domain")),
         Variant("`*` is allowed, the CA is marked", same("apart dns-mismatch"),
                 ["--insecure-any-required-domain", "--caa-anchor", "careless"])]),
]

GROUPS = [("Deployments", DEPLOYMENTS), ("Attacks", ATTACKS)]
