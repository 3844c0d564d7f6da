"""Keeps, for every campaign, who is in its test group and who in its control group: a subscriber of audiences.sets.v1.

Each event has its effect once: the mark of what was read is written in the transaction of the effect. Offsets are
committed to Kafka after that, so a crash delivers again, and the marks tell it. Settings: see README.md.
"""

import base64
import json
import os
import re
import signal
import sqlite3
import sys

from confluent_kafka import Consumer
from pyroaring import BitMap

TOPIC = "audiences.sets.v1"
ID = re.compile(r"(.+)/(\d+)/(\d+)")
TABLES = """
CREATE TABLE IF NOT EXISTS audience (campaign TEXT, in_group TEXT, members BLOB, PRIMARY KEY (campaign, in_group));
CREATE TABLE IF NOT EXISTS mark (stream TEXT PRIMARY KEY, revision INTEGER, n INTEGER);
CREATE TABLE IF NOT EXISTS unreadable (partition INTEGER, at INTEGER, reason TEXT, PRIMARY KEY (partition, at));
"""


def profiles(text):
    """A set of profile numbers: base64 of a portable Roaring bitmap."""
    return BitMap.deserialize(base64.b64decode(text, validate=True))


def changes_of(kind, data):
    """What an event adds to and takes from the groups: {group: (added, removed)}; None for types that are none of ours."""
    nobody = BitMap()
    if kind == "muster.audiences.ProfilesEnteredCampaign.v1":
        everyone, control = profiles(data["profiles"]), profiles(data["control"])
        return {"test": (everyone - control, nobody), "control": (control, nobody)}
    if kind == "muster.audiences.ProfilesLeftCampaign.v1":
        gone = profiles(data["profiles"])
        return {"test": (nobody, gone), "control": (nobody, gone)}
    if kind == "muster.audiences.ProfilesChangedGroup.v1":
        moved = profiles(data["profiles"])
        other = {"test": "control", "control": "test"}[data["group"]]
        return {data["group"]: (moved, nobody), other: (nobody, moved)}
    return None


def is_new(database, event_id):
    """Whether this event had no effect yet. A stream keeps to one partition of the set feed, so its name is enough."""
    stream, revision, n = ID.fullmatch(event_id).groups()
    mark = (int(revision), int(n))
    last = database.execute("SELECT revision, n FROM mark WHERE stream = ?", (stream,)).fetchone()
    if last is not None and mark <= last:
        return False
    database.execute("INSERT OR REPLACE INTO mark VALUES (?, ?, ?)", (stream, *mark))
    return True


def change(database, campaign, group, added, removed):
    row = database.execute(
        "SELECT members FROM audience WHERE campaign = ? AND in_group = ?", (campaign, group)
    ).fetchone()
    members = BitMap.deserialize(row[0]) if row else BitMap()
    members |= added
    members -= removed
    database.execute("INSERT OR REPLACE INTO audience VALUES (?, ?, ?)", (campaign, group, members.serialize()))


def apply(database, message):
    """Answers whether the message was new."""
    try:
        event = json.loads(message.value())
        changes = changes_of(event["type"], event["data"])
        if changes is None:
            return True
        campaign = event["data"]["campaignId"]
        if not is_new(database, event["id"]):
            return False
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        place = (message.partition(), message.offset(), repr(error))
        database.execute("INSERT OR REPLACE INTO unreadable VALUES (?, ?, ?)", place)
        return True
    for group, (added, removed) in changes.items():
        change(database, campaign, group, added, removed)
    return True


def take(database, messages):
    """One batch: its effects and marks are written together, or not at all."""
    for message in messages:
        if message.error():
            raise RuntimeError(str(message.error()))
    with database:
        new = sum(apply(database, message) for message in messages)
    print(f"{len(messages)} events, {len(messages) - new} of them were here before", flush=True)


def main():
    database = sqlite3.connect(os.environ.get("AUDIENCES_DB", "audiences.sqlite"))
    database.executescript(TABLES)
    consumer = Consumer(
        {
            "bootstrap.servers": os.environ.get("KAFKA_BROKERS", "127.0.0.1:9092"),
            "group.id": os.environ.get("GROUP_ID", "example-audiences"),
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            # Records of a relay that was cut off are not shown.
            "isolation.level": "read_committed",
        }
    )
    stopping = []
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stopping.append(True))
    consumer.subscribe([TOPIC])
    while not stopping:
        messages = consumer.consume(num_messages=500, timeout=0.5)
        if messages:
            take(database, messages)
            consumer.commit(asynchronous=False)
    consumer.close()
    for campaign, group, members in database.execute("SELECT * FROM audience ORDER BY campaign, in_group"):
        print(f"campaign {campaign} {group}: {len(BitMap.deserialize(members))} profiles")
    database.close()


if __name__ == "__main__":
    sys.exit(main())
