#!/usr/bin/env python3
"""Checks an export of the suppression list without the program that made it.

    sync suppression export --out list.jsonl && python3 check_export.py list.jsonl [SEQ:HASH]

It follows the hash chain, folds the events into a list of its own, by the rules in
docs/suppression.md, and compares that with what the program says is blocked. SEQ:HASH is a head
that was written down before: the list must still contain it. Needs Python 3.11 and nothing else.
Exit code 0: all is well. 1: it is not, and each line says where.
"""

import hashlib
import json
import sys
from collections import defaultdict
from datetime import datetime, timedelta
from pathlib import Path

NAMES = "seq id type channel start end heard system keys carried root path evidence approvals"
FIELDS = (*NAMES.split(), "documented", "commitment")
CHANNELS = ("call", "email", "sms")
PAPERS = {"form", "mail", "letter", "recording", "contract"}
SKEW = timedelta(minutes=5)


def sha(data):
    return hashlib.sha256(data).hexdigest()


class Ledger:
    """The entries, by id and by key, and what was said later about each."""

    def __init__(self):
        self.by_id, self.about, self.by_key = {}, defaultdict(list), defaultdict(list)

    def add(self, raw, later):
        event = dict(zip(FIELDS, raw, strict=True))
        for name in ("start", "end", "heard"):
            event[name] = event[name] and datetime.fromisoformat(event[name])
        for name in ("keys", "carried"):
            event[name] = {tuple(key) for key in event[name]}
        for *key, role in later:
            event["keys" if role == "named" else "carried"].add(tuple(key))
        self.by_id[event["id"]] = event
        if event["type"] in {"block", "derived"}:
            for key in event["keys"] | event["carried"]:
                self.by_key[key].append(event)
        elif event["root"]:
            self.about[event["root"]].append(event)

    def blocked(self, key, at):
        found = set()
        for event in self.by_key.get(key, ()):
            if self.holds(event, key, at):
                covered = CHANNELS if event["channel"] == "all" else (event["channel"],)
                found |= {channel for channel in covered if not self.lifted(event, channel, at)}
        return [channel for channel in CHANNELS if channel in found]

    def holds(self, event, key, at):
        if event["start"] is not None and min(event["start"], event["heard"]) > at:
            return False
        shared = (
            about["type"] == "shared" and key in about["keys"] and not self.wrong(about)
            for about in self.about.get(event["id"], ())
        )
        return (key in event["keys"] or not any(shared)) and not self.wrong(event)

    def wrong(self, event):
        """Corrected itself, or reached only through something that is."""
        ways = {event["id"], event["root"], *event["path"]} & self.by_id.keys()
        return any(
            self.effective(correction, self.by_id[way])
            for way in ways
            for correction in self.corrections(way)
        )

    def corrections(self, event_id):
        return [one for one in self.about.get(event_id, ()) if one["type"] == "correction"]

    def effective(self, correction, target):
        """Two people, heard later than what it is about, and not itself corrected."""
        if correction["approvals"] < 2 or correction["heard"] <= target["heard"]:
            return False
        later = self.corrections(correction["id"])
        return not any(self.effective(one, correction) for one in later)

    def lifted(self, event, channel, at):
        root = self.by_id[event["root"] or event["id"]]
        return any(
            lift["type"] == "lift"
            and lift["channel"] in {channel, "all"}
            and lift["keys"] & (root["keys"] | root["carried"])
            and self.lifts(lift, event, at)
            and self.lifts(lift, root, at)
            and not self.wrong(lift)
            for lift in self.about.get(root["id"], ())
        )

    @staticmethod
    def lifts(lift, block, at):
        """A consent counts when it is documented, approved, past, and surely newer."""
        newest = max(block["end"], block["heard"]) if block["type"] == "block" else block["end"]
        paper = lift["documented"] and lift["evidence"] in PAPERS and lift["approvals"] >= 1
        past = lift["end"] <= min(lift["heard"], at) and lift["heard"] > newest
        started = lift["start"] is not None and lift["start"] > block["end"] + SKEW
        return paper and past and started


def main(path, noted=None):
    ledger, claims, problems, at, end = Ledger(), {}, [], None, None
    start = head = last = f"0:{sha(b'ringren ledger 1')}"
    seen = noted in {None, start}
    for line in Path(path).open("rb"):  # noqa: SIM115
        told = json.loads(line)
        if "ringren_export" in told:
            head, at = told["head"], datetime.fromisoformat(told["at"])
        elif "entry" in told:
            number = told["entry"][0]
            form = line[line.index(b"[") : line.index(b',"previous":"')]
            if f"{number - 1}:{told['previous']}" != last:
                problems.append(f"entry {number} does not follow {last}")
            if sha(bytes.fromhex(told["previous"]) + form) != told["chain"]:
                problems.append(f"entry {number} was changed")
            salted = bytes.fromhex(told.get("salt", "")) + told.get("payload", "").encode()
            if salted and sha(salted) != told["entry"][-1]:
                problems.append(f"what was said in entry {number} was changed")
            last = f"{number}:{told['chain']}"
            seen = seen or noted == last
            ledger.add(told["entry"], told["later"])
        elif "key" in told:
            claims[tuple(told["key"])] = told["channels"]
        else:
            end = told["end"]
    if head != last or end != {"entries": len(ledger.by_id), "keys": len(claims)}:
        problems.append(f"the export is cut short or was added to: {head} is named as its end")
    if not seen:
        problems.append(f"the entry that was written down, {noted}, is not there")
    for key in sorted(ledger.by_key.keys() | claims.keys()):
        ours, theirs = ledger.blocked(key, at), claims.get(key, [])
        if ours != theirs:
            problems.append(f"{' '.join(key)}: blocked for {ours}, the program says {theirs}")
    good = f"{len(ledger.by_id)} entries follow one another, {len(claims)} keys are blocked as said"
    print("\n".join(problems) or good)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
