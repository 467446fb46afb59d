"""What scripts do with Python's own libraries: json, re, pickle, csv, datetime, logging, copy.

usage: std.py SECONDS [PART]
"""
import copy
import csv
import datetime
import hashlib
import io
import json
import logging
import pickle
import re
import sys
import time

RECORDS = [{"id": i, "name": f"name {i}", "price": i * 1.25, "tags": ["a", "b", str(i)],
            "when": f"2024-03-{i % 28 + 1:02} 12:{i % 60:02}:00"} for i in range(2000)]
LINE = re.compile(r'(\S+) "(GET|POST) /page/(\d+)\?q=([^"]*)" (\d{3})')


def part_json():
    text = json.dumps(RECORDS)
    return len(json.loads(text)) + len(json.dumps(RECORDS[:300], indent=2, sort_keys=True))


def part_re():
    text = "\n".join(f'10.0.0.{i % 250} "GET /page/{i}?q=x{i}" 200' for i in range(3000))
    found = LINE.findall(text)
    return len(re.sub(r"\d+", "#", text)) + len(found) + len(re.split(r"[ ?]", text))


def part_pickle():
    return len(pickle.loads(pickle.dumps(RECORDS))) + len(copy.deepcopy(RECORDS[:200]))


def part_csv():
    out = io.StringIO()
    writer = csv.DictWriter(out, RECORDS[0].keys())
    writer.writeheader()
    writer.writerows(RECORDS)
    rows = list(csv.DictReader(io.StringIO(out.getvalue())))
    return sum(datetime.datetime.strptime(row["when"], "%Y-%m-%d %H:%M:%S").day for row in rows)


def part_logging():
    logger = logging.getLogger("work")
    for record in RECORDS[:1000]:
        logger.warning("record %(id)s costs %(price).2f", record)
    return len(hashlib.sha256("".join(r["name"] for r in RECORDS).encode()).hexdigest())


def main():
    logging.basicConfig(stream=io.StringIO(), format="%(asctime)s %(levelname)s %(message)s")
    parts = {name[5:]: part for name, part in globals().items() if name.startswith("part_")}
    chosen = [parts[name] for name in sys.argv[2:]] or list(parts.values())
    end, total = time.monotonic() + float(sys.argv[1]), 0
    while time.monotonic() < end:
        total += sum(part() for part in chosen)
    print(total)


main()
