"""The lab's results as a table of 100 columns and as one HTML file."""

import html
import textwrap

from stage import POLICIES
from visit import OUTCOMES

WIDTH, LABEL, CELL = 100, 43, 19
DEFAULT_POLICY = "honour"

LEGEND = [
    ("one connection", "answered by whom it was meant for, on the connection that was there"),
    ("own connection", "answered by whom it was meant for, on a new connection: nothing is lost"),
    ("ATTACKER", "answered by the attacker's server"),
    ("not issued", "the CA refused to sign"),
]
COLUMNS = {"off": "off", "honour": "honoured", "require": "required"}


def cell(one, policy, versions):
    """What happened, in a word or two; both where the versions of HTTP differ."""
    outcomes = {http: one.visits[policy, http].outcome for http in versions}
    found = {http: OUTCOMES.get(outcome, outcome) for http, outcome in outcomes.items()}
    mark = " (!)" if any(one.differs(policy, http) for http in versions) else ""
    if len(set(found.values())) == 1:
        return next(iter(found.values())) + mark
    return "/".join(f"{http}:{text}" for http, text in found.items()) + mark


def why(one, policy, versions):
    """The report's sentences of the requests that matter."""
    return " ".join(one.visits[policy, versions[0]].sentences)


def line(label, cells):
    return (f"{label:{LABEL}}" + "".join(f"{text:{CELL}}" for text in cells)).rstrip()


def wrapped(text, indent):
    return textwrap.fill(text, WIDTH, initial_indent=indent, subsequent_indent=indent)


def table(played, policies, versions, details):
    """Prints the table; with `details` what each visit was and said."""
    for word, meaning in LEGEND:
        print(f"{word:16}{meaning}")
    both = " and ".join("HTTP/" + version[1] for version in versions)
    print(f"\nThe same over {both} unless it says otherwise. Required Domain is:")
    print(line("", [COLUMNS[p] for p in policies]))
    shown = DEFAULT_POLICY if DEFAULT_POLICY in policies else policies[0]
    for group, of_group in played:
        if of_group:
            print(f"\n{group}")
        for variants in of_group:
            print(f"\n  {variants[0].row.title}  [{variants[0].row.key}]")
            said = None
            for one in variants:
                cells = [cell(one, policy, versions) for policy in policies]
                print(line("    " + one.variant.label, cells))
                if why(one, shown, versions) not in (said, ""):
                    said = why(one, shown, versions)
                    print(wrapped(said, "      "))
                if details:
                    print_details(one)
    print()


def print_details(one):
    for (policy, http), visit in one.visits.items():
        print(f"\n      {policy}, {http}: {visit.outcome} {visit.words}\n      $ {visit.command}")
        for text in visit.describe():
            print(wrapped(text, "      "))
    print()


def differences(played):
    for one in played:
        for policy, http in one.differences:
            visit = one.visits[policy, http]
            print(f"{one.row.key}, {one.variant.label}, {policy}, {http}: "
                  f"expected '{one.expected(policy)}', was '{visit.outcome} {visit.words}'")
            if visit.outcome in ("nobody", "failed"):
                print(f"  $ {visit.command}", *visit.describe(), sep="\n  ")


# ---- HTML ---------------------------------------------------------------------------------------

STYLE = """
body { font: 16px/1.45 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem;
       color: #1c2330; background: #fff; }
h1 { font-size: 1.6rem; } h2 { margin-top: 2.5rem; } h3 { margin: 2rem 0 .3rem; }
p { max-width: 46rem; } code, pre { font: 13px/1.4 ui-monospace, monospace; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: #f4f5f8; padding: .6rem; }
table { border-collapse: collapse; width: 100%; table-layout: fixed; margin: .6rem 0; }
th, td { text-align: left; vertical-align: top; padding: .45rem .6rem; border: 1px solid #d5d9e2; }
th:first-child, td:first-child { width: 26%; } th { background: #f4f5f8; font-weight: 600; }
.shared { background: #e2f3e5; } .apart { background: #eef3fb; } .ATTACKER { background: #fbdcd9; }
.differs { outline: 3px solid #b3261e; }
td strong { display: block; } td small { color: #4a5568; overflow-wrap: anywhere; }
summary { cursor: pointer; color: #2b4c9b; }
"""

INTRODUCTION = """
A certificate that came on a connection, and was proven there, may be somebody's who stole its key
or got it by mistake. Each row below was played on this machine with real servers, a DNS server and
<code>codicil get</code> as the victim: once with the Required Domain extension ignored
(<code>--required-domain insecure-ignore</code>), once obeyed where it is present
(<code>honour</code>, the default), once demanded (<code>require</code>), over each version of HTTP.
Modes of DNS evidence whose name begins with <code>insecure</code> are here to show what the
extension does alone, and are not for use.
"""


def esc(text):
    return html.escape(str(text))


def kind_of(one, policy, versions):
    """Classes of the cell: what happened last, and whether it had to."""
    kind = one.visits[policy, versions[0]].outcome.split(",")[-1].replace(" ", "-")
    differs = any(one.differs(policy, http) for http in versions)
    return kind + (" differs" if differs else "")


def html_cell(one, policy, versions):
    parts = [f'<td class="{kind_of(one, policy, versions)}">'
             f"<strong>{esc(cell(one, policy, versions))}</strong>",
             f"<small>{esc(why(one, policy, versions))}</small>"]
    for http in versions:
        each = one.visits[policy, http]
        shown = "\n".join(["$ " + each.command, "", *each.describe()])
        parts.append(f"<details><summary>HTTP/{http[1]}: {esc(each.words)}</summary>"
                     f"<pre>{esc(shown)}</pre></details>")
    return "".join(parts) + "</td>"


def html_overview(played, policies, versions):
    """Every variant in a line, with links to the rows."""
    parts = ["<table><tr><th>Required Domain is</th>",
             *(f"<th>{COLUMNS[p]}</th>" for p in policies), "</tr>"]
    for _, of_group in played:
        for variants in of_group:
            row = variants[0].row
            parts.append(f'<tr><th colspan="{1 + len(policies)}">'
                         f'<a href="#{row.key}">{esc(row.title)}</a></th></tr>')
            for one in variants:
                cells = "".join(f'<td class="{kind_of(one, p, versions)}">'
                                f"{esc(cell(one, p, versions))}</td>" for p in policies)
                parts.append(f"<tr><td>{esc(one.variant.label)}</td>{cells}</tr>")
    return "".join(parts) + "</table>"


def html_row(variants, policies, versions):
    row = variants[0].row
    parts = [f'<h3 id="{row.key}">{esc(row.title)}</h3><p>{esc(row.story)}</p>',
             "<table><tr><th>Required Domain is</th>",
             *(f"<th>{COLUMNS[p]}</th>" for p in policies), "</tr>"]
    for one in variants:
        cells = "".join(html_cell(one, p, versions) for p in policies)
        parts.append(f"<tr><th>{esc(one.variant.label)}</th>{cells}</tr>")
    again = f"scripts/lab --only {row.key} --details"
    return "".join(parts) + f"</table><p>Again, with all it says: <code>{again}</code></p>"


def write_html(path, played, policies, versions):
    """Writes one file that needs no other."""
    parts = ['<!doctype html><html lang="en"><meta charset="utf-8">',
             '<meta name="viewport" content="width=device-width">',
             f"<title>codicil: the lab</title><style>{STYLE}</style>",
             "<h1>What a secondary certificate is good for, and to whom</h1>",
             f"<p>{INTRODUCTION}</p><ul>",
             *(f"<li><strong>{esc(word)}</strong>: {esc(text)}</li>" for word, text in LEGEND),
             "</ul>"]
    parts.append(html_overview(played, policies, versions))
    for group, of_group in played:
        parts.append(f"<h2>{esc(group)}</h2>")
        parts += [html_row(variants, policies, versions) for variants in of_group]
    with open(path, "w", encoding="utf-8") as f:
        f.write("\n".join(parts) + "</html>\n")
