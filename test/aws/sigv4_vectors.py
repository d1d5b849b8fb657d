#!/usr/bin/env python3
"""Requests signed by botocore, as a table for our own signer.

  sigv4_vectors.py write FILE        the table that is kept (made once, with Debian 12's botocore)
  sigv4_vectors.py live TEST_PROGRAM requests nobody has seen before, signed by the botocore of
                                     this machine and by TEST_PROGRAM; exit 77 without botocore

botocore takes a query that is part of a URL as it is, so queries are given to it as parameters.
"""
import datetime
import json
import os
import random
import subprocess
import sys
import tempfile

SKIPPED = 77
try:
    import botocore.auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials
except ImportError:
    print("SKIPPED: no botocore here (Debian: python3-botocore)")
    sys.exit(SKIPPED)

LETTERS = "abcXYZ019-_.~ /+*'()%&=:;,@!$\u00e9\u4e2d"
NAMES = ["Action", "Version", "a", "A", "a-b", "aa", "Filter.1.Value.10", "Filter.1.Value.2", "x y"]
HEADERS = ["Content-Type", "X-Amz-Target", "x-amz-meta", "x-amz-meta-b", "X-K8s-Aws-Id", "Accept",
           "User-Agent", "Expect"]
PATHS = ["/", "/a", "/a/b/", "/a%20b", "/a:b", "/./a", "/a/../b", "//", "/a//b", "/~x/-_."]


class Frozen(datetime.datetime):
    moment = None

    @classmethod
    def utcnow(cls):
        return cls.moment


def text(draw, most):
    return "".join(draw.choice(LETTERS) for _ in range(draw.randrange(most)))


def make_case(draw):
    headers = {name: draw.choice(["a", "a  b", " a b ", "a\tb", "text/plain; charset=utf-8", "1,2"])
               for name in draw.sample(HEADERS, draw.randrange(4))}
    return {
        "method": draw.choice(["GET", "POST", "PUT"]),
        "host": draw.choice(["ec2.us-east-1.amazonaws.com", "sts.amazonaws.com", "127.0.0.1:5000"]),
        "path": draw.choice(PATHS),
        "query": [[name, text(draw, 12)] for name in draw.sample(NAMES, draw.randrange(5))],
        "headers": [[name, value] for name, value in headers.items()],
        "body": draw.choice(["", "Action=RunInstances&Version=2016-11-15", text(draw, 60)]),
        "region": draw.choice(["us-east-1", "ap-northeast-3"]),
        "service": draw.choice(["ec2", "sts"]),
        "key": "AKID" + str(draw.randrange(10**6)),
        "secret": "se/cr+et" + str(draw.randrange(10**9)),
        "token": draw.choice(["", "to/ken+==" + str(draw.randrange(10**9))]),
        "wall_seconds": draw.randrange(946684800, 4102444800),
        "valid_seconds": draw.randrange(1, 604800),
    }


def request_of(case):
    body = case["body"].encode() if case["body"] else b""
    return AWSRequest(method=case["method"], url="https://" + case["host"] + case["path"],
                      headers=dict(case["headers"]), params=dict(case["query"]), data=body)


def sign(case):
    """Adds what botocore answers: the authorization header, and the presigned query's parts."""
    Frozen.moment = datetime.datetime.fromtimestamp(case["wall_seconds"], datetime.timezone.utc)
    Frozen.moment = Frozen.moment.replace(tzinfo=None)
    credentials = Credentials(case["key"], case["secret"], case["token"] or None)
    request = request_of(case)
    botocore.auth.SigV4Auth(credentials, case["service"], case["region"]).add_auth(request)
    case["authorization"] = request.headers["Authorization"]
    # A presigned request has its query in the URL; of ours every byte is encoded there.
    plain = dict(case, query=[])
    request = request_of(plain)
    request.data = b""
    botocore.auth.SigV4QueryAuth(credentials, case["service"], case["region"],
                                 expires=case["valid_seconds"]).add_auth(request)
    case["presigned"] = sorted(request.url.split("?", 1)[1].split("&"))
    return case


def make_table(seed, count):
    draw = random.Random(seed)
    module = botocore.auth.datetime
    botocore.auth.datetime = type("Module", (), {"datetime": Frozen, "timedelta": module.timedelta})
    try:
        return [sign(make_case(draw)) for _ in range(count)]
    finally:
        botocore.auth.datetime = module


def write(path, seed, count):
    with open(path, "w", encoding="utf-8") as file:
        lines = [json.dumps(case, sort_keys=True) for case in make_table(seed, count)]
        file.write("[\n" + ",\n".join(lines) + "\n]\n")


def main():
    if len(sys.argv) == 3 and sys.argv[1] == "write":
        write(sys.argv[2], seed=1, count=60)
        return 0
    if len(sys.argv) == 3 and sys.argv[1] == "live":
        seed = random.randrange(2**32)
        with tempfile.TemporaryDirectory() as folder:
            table = os.path.join(folder, "vectors.json")
            write(table, seed, count=500)
            print(f"500 requests drawn from seed {seed}")
            done = subprocess.run([sys.argv[2], "--run_test=aws_sigv4/*botocore*"], check=False,
                                  env=dict(os.environ, SKY_SIGV4_VECTORS=table), timeout=60)
        return done.returncode
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
