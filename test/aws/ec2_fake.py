#!/usr/bin/env python3
"""A scripted EC2: what no public emulator does, on 127.0.0.1, with the standard library only.

  ec2_fake.py [--port P] [--machines FOLDER]     prints "listening on PORT"

It honours client tokens, checks signatures and the clock, keeps a capacity for each (zone, type,
market), is slow to show new machines, and can be told by POST /_fake what to do next:

  {"fail": {"action": A, "code": C, "status": S, "times": N, "zone": Z}}   refuse the next N
  {"drop": {"action": A, "times": N, "before": false}}   act (or not), then cut the connection
  {"capacity": {"zone": Z, "count": N}}   that many machines fit there in all
  {"hide_seconds": T}, {"pending_seconds": T}   a new machine is not listed, not running so long
  {"notice": ID, "seconds": T}   marked for termination, taken T seconds later
  {"keys": {KEY: SECRET}}   the credentials that are good; {} takes any
  {"clock_offset": T}   its clock is that much ahead
  {"page_size": N}
GET /_fake answers everything it holds, and how often each action was asked. With --machines, a
machine is a process that runs the launcher of its user data (test/vm/local_machines.py).
"""
import base64
import datetime
import hashlib
import hmac
import json
import os
import sys
import threading
import time
import urllib.parse
from email.utils import formatdate
from xml.sax.saxutils import escape

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "vm"))
import fake_server  # noqa: E402

LONGEST_SKEW = 300
NAMESPACE = "http://ec2.amazonaws.com/doc/2016-11-15/"
ZONES = "abcdef"


class Refused(Exception):
    def __init__(self, code, message, status=400):
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


def iso(moment):
    stamp = datetime.datetime.fromtimestamp(moment, datetime.timezone.utc)
    return stamp.strftime("%Y-%m-%dT%H:%M:%S.") + f"{int(moment * 1000) % 1000:03d}Z"


def xml(value):
    """dicts, lists ("item"), and texts as EC2 writes them."""
    if isinstance(value, dict):
        return "".join(f"<{name}>{xml(inner)}</{name}>" for name, inner in value.items())
    if isinstance(value, list):
        return "".join(f"<item>{xml(inner)}</item>" for inner in value)
    return escape(str(value))


def numbered(form, prefix):
    """{"1": {"Key": ...}} of PREFIX.1.Key=..."""
    found = {}
    for name, value in form.items():
        if name.startswith(prefix + "."):
            number, _, rest = name[len(prefix) + 1:].partition(".")
            found.setdefault(int(number), {})[rest] = value
    return [found[number] for number in sorted(found)]


def filters_of(form):
    return {one["Name"]: [value for name, value in one.items() if name.startswith("Value.")]
            for one in numbered(form, "Filter")}


def tags_of(form, resource):
    for specification in numbered(form, "TagSpecification"):
        if specification.get("ResourceType") == resource:
            return {tag["Key"]: tag["Value"] for tag in numbered(specification, "Tag")}
    return {}


class Cloud:
    """All that there is, for all regions; one lock around everything."""

    def __init__(self, machines):
        self.lock = threading.RLock()
        self.machines = machines
        self.base_url = ""
        self.instances, self.groups, self.requests = {}, {}, {}
        self.tokens = {}  # (region, token) -> (hash of the form, instance id)
        self.calls = {}
        self.fails, self.drops = [], []
        self.capacity = {}
        self.keys = {}
        self.hide_seconds = self.pending_seconds = 0.0
        self.clock_offset = 0.0
        self.page_size = 1000
        self.last_id = 0

    def now(self):
        return time.time() + self.clock_offset

    def new_id(self, prefix):
        self.last_id += 1
        return f"{prefix}-{self.last_id:017x}"

    # ---- control

    def control(self, order):
        with self.lock:
            for name in ("hide_seconds", "pending_seconds", "clock_offset", "page_size", "keys"):
                if name in order:
                    setattr(self, name, order[name])
            if "fail" in order:
                self.fails.append(dict({"times": 1, "status": 400, "zone": None}, **order["fail"]))
            if "drop" in order:
                self.drops.append(dict({"times": 1, "before": False}, **order["drop"]))
            if "capacity" in order:
                self.capacity[order["capacity"]["zone"]] = order["capacity"]["count"]
            if "notice" in order:
                one = self.instances[order["notice"]]
                one["taken_at"] = self.now() + order.get("seconds", 120)
            return self.held()

    def held(self):
        with self.lock:
            self.tick()
            return {"instances": list(self.instances.values()), "groups": list(self.groups.values()),
                    "calls": self.calls}

    def scripted_failure(self, action, form):
        for one in self.fails:
            zone = form.get("Placement.AvailabilityZone")
            if one["action"] == action and one["times"] > 0 and one["zone"] in (None, zone):
                one["times"] -= 1
                raise Refused(one["code"], one.get("message", "scripted"), one["status"])

    def should_drop(self, action, before):
        with self.lock:
            for one in self.drops:
                if one["action"] == action and one["times"] > 0 and one["before"] == before:
                    one["times"] -= 1
                    return True
        return False

    # ---- time

    def tick(self):
        for one in self.instances.values():
            if one["state"] == "pending" and self.now() >= one["launched"] + self.pending_seconds:
                one["state"] = "running"
                self.machines.start(one["id"], one["user_data"], one["address"],
                                    f"{self.base_url}/metadata/{one['id']}")
            if one["state"] == "running" and one.get("taken_at", 1e18) <= self.now():
                self.finish(one, "Server.SpotInstanceTermination",
                            "Server.SpotInstanceTermination: Spot instance termination")
        for name in self.machines.ended_themselves():
            self.finish(self.instances[name], "Client.InstanceInitiatedShutdown",
                        "Client.InstanceInitiatedShutdown: Instance initiated shutdown")

    def finish(self, one, code, message):
        one.update(state="terminated", reason=code, reason_text=message)
        self.machines.end(one["id"])

    # ---- actions

    def run_instances(self, region, form):
        token, zone = form.get("ClientToken"), form.get("Placement.AvailabilityZone", region + "a")
        digest = hashlib.sha256(json.dumps(sorted(form.items())).encode()).hexdigest()
        if token and (region, token) in self.tokens:
            before, instance_id = self.tokens[region, token]
            if before != digest:
                raise Refused("IdempotentParameterMismatch", "the token has other parameters")
            if self.instances[instance_id]["state"] == "terminated":
                raise Refused("IdempotentInstanceTerminated", "its instance has ended")
            return {"instancesSet": [self.show(self.instances[instance_id])]}
        for name in ("ImageId", "InstanceType", "MinCount", "MaxCount"):
            if name not in form:
                raise Refused("MissingParameter", f"The request must contain {name}")
        if zone[:-1] != region or zone[-1] not in ZONES:
            raise Refused("InvalidParameterValue", f"Invalid availability zone: [{zone}]")
        group = form.get("SecurityGroupId.1") or form.get("NetworkInterface.1.SecurityGroupId.1")
        if group and group not in self.groups:
            raise Refused("InvalidGroup.NotFound", f"The security group '{group}' does not exist")
        if len(base64.b64decode(form.get("UserData", ""))) > 16384:
            raise Refused("InvalidUserData.Malformed", "User data is limited to 16384 bytes")
        if form.get("DryRun") == "true":
            raise Refused("DryRunOperation", "Request would have succeeded, but DryRun is set", 412)
        self.take_room(zone)
        one = {"id": self.new_id("i"), "region": region, "zone": zone, "state": "pending",
               "type": form["InstanceType"], "token": token, "launched": self.now(),
               "address": self.machines.next_address(), "group": group, "image": form["ImageId"],
               "spot": form.get("InstanceMarketOptions.MarketType") == "spot",
               "tags": tags_of(form, "instance"),
               "request_tags": tags_of(form, "spot-instances-request"),
               "user_data": base64.b64decode(form.get("UserData", "")).decode()}
        self.instances[one["id"]] = one
        if token:
            self.tokens[region, token] = (digest, one["id"])
        return {"instancesSet": [self.show(one)]}

    def take_room(self, zone):
        if zone not in self.capacity:
            return
        used = sum(1 for one in self.instances.values()
                   if one["zone"] == zone and one["state"] != "terminated")
        if used >= self.capacity[zone]:
            raise Refused("InsufficientInstanceCapacity",
                          f"We currently do not have sufficient capacity in {zone}.", 500)

    def show(self, one):
        shown = {"instanceId": one["id"], "imageId": one["image"],
                 "instanceState": {"code": 16, "name": one["state"]},
                 "instanceType": one["type"], "launchTime": iso(one["launched"]),
                 "placement": {"availabilityZone": one["zone"]},
                 "tagSet": [{"key": k, "value": v} for k, v in one["tags"].items()]}
        if one["token"]:
            shown["clientToken"] = one["token"]
        if one["spot"]:
            shown["instanceLifecycle"] = "spot"
        if one["state"] == "running":
            shown.update(ipAddress=one["address"], privateIpAddress=one["address"])
        if one.get("reason"):
            shown["stateReason"] = {"code": one["reason"], "message": one["reason_text"]}
        return shown

    def fits(self, one, filters):
        for name, values in filters.items():
            if name.startswith("tag:"):
                held = one["tags"].get(name[4:])
            elif name == "client-token":
                held = one["token"]
            elif name == "instance-state-name":
                held = one["state"]
            else:
                raise Refused("InvalidParameterValue", f"The filter '{name}' is invalid")
            if held not in values:
                return False
        return True

    def page(self, items, form, name):
        first = int(form.get("NextToken") or 0)
        last = first + self.page_size
        answer = {name: items[first:last]}
        if last < len(items):
            answer["nextToken"] = str(last)
        return answer

    def describe_instances(self, region, form):
        filters = filters_of(form)
        found = [one for one in self.instances.values()
                 if one["region"] == region and self.fits(one, filters)
                 and self.now() >= one["launched"] + self.hide_seconds]
        shown = [{"reservationId": "r-" + one["id"], "instancesSet": [self.show(one)]}
                 for one in found]
        return self.page(shown, form, "reservationSet")

    def terminate_instances(self, region, form):
        instance_id = form["InstanceId.1"]
        one = self.instances.get(instance_id)
        if one is None or one["region"] != region:
            raise Refused("InvalidInstanceID.NotFound",
                          f"The instance ID '{instance_id}' does not exist")
        if one["state"] != "terminated":
            self.finish(one, "Client.UserInitiatedShutdown",
                        "Client.UserInitiatedShutdown: User initiated shutdown")
        return {"instancesSet": [{"instanceId": instance_id}]}

    def describe_spot_instance_requests(self, region, form):
        filters = {name: values for name, values in filters_of(form).items()
                   if name.startswith("tag:")}
        found = []
        for one in self.instances.values():
            tagged = all(one["request_tags"].get(n[4:]) in v for n, v in filters.items())
            if not one["spot"] or one["region"] != region or not tagged:
                continue
            code = "fulfilled"
            if one["state"] == "terminated":
                taken = one["reason"].startswith("Server.")
                code = "instance-terminated-" + ("no-capacity" if taken else "by-user")
            elif "taken_at" in one:
                code = "marked-for-termination"
            found.append({"spotInstanceRequestId": "sir-" + one["id"][-8:],
                          "instanceId": one["id"], "state": "active",
                          "status": {"code": code, "message": "the fake says " + code}})
        return self.page(found, form, "spotInstanceRequestSet")

    def describe_spot_price_history(self, region, form):
        types = [value for name, value in form.items() if name.startswith("InstanceType.")]
        prices = [{"instanceType": kind, "productDescription": "Linux/UNIX",
                   "spotPrice": f"0.{100000 + 1000 * number:06d}", "timestamp": iso(self.now()),
                   "availabilityZone": region + zone}
                  for number, kind in enumerate(types) for zone in "ab"]
        return self.page(prices, form, "spotPriceHistorySet")

    def create_security_group(self, region, form):
        if any(one["name"] == form["GroupName"] and one["region"] == region
               for one in self.groups.values()):
            raise Refused("InvalidGroup.Duplicate", "The security group already exists")
        one = {"id": self.new_id("sg"), "name": form["GroupName"], "region": region, "rules": [],
               "tags": tags_of(form, "security-group")}
        self.groups[one["id"]] = one
        return {"groupId": one["id"], "return": "true"}

    def describe_security_groups(self, region, form):
        filters = filters_of(form)
        found = []
        for one in self.groups.values():
            named = one["name"] in filters.get("group-name", [one["name"]])
            tagged = all(one["tags"].get(n[4:]) in v for n, v in filters.items()
                         if n.startswith("tag:"))
            if one["region"] == region and named and tagged:
                found.append({"groupId": one["id"], "groupName": one["name"]})
        return self.page(found, form, "securityGroupInfo")

    def authorize_security_group_ingress(self, _region, form):
        group = self.groups.get(form["GroupId"])
        if group is None:
            raise Refused("InvalidGroup.NotFound", "The security group does not exist")
        rule = {name: value for name, value in form.items() if name.startswith("IpPermissions.")}
        if rule in group["rules"]:
            raise Refused("InvalidPermission.Duplicate", "the rule already exists")
        group["rules"].append(rule)
        return {"return": "true"}

    def delete_security_group(self, _region, form):
        group = form["GroupId"]
        if any(one["group"] == group and one["state"] != "terminated"
               for one in self.instances.values()):
            raise Refused("DependencyViolation", "resource has a dependent object")
        if self.groups.pop(group, None) is None:
            raise Refused("InvalidGroup.NotFound", "The security group does not exist")
        return {"return": "true"}

    def get_caller_identity(self, _region, _form):
        return {"GetCallerIdentityResult": {"Arn": "arn:aws:iam::123456789012:user/fake",
                                            "Account": "123456789012"}}

    def act(self, action, region, form):
        name = "".join("_" + c.lower() if c.isupper() else c for c in action).lstrip("_")
        with self.lock:
            self.calls[action] = self.calls.get(action, 0) + 1
            self.tick()
            self.scripted_failure(action, form)
            method = getattr(self, name, None)
            if method is None or action not in ACTIONS:
                raise Refused("InvalidAction", f"The action {action} is not valid")
            answer = method(region, form)
            self.tick()
            return answer


ACTIONS = {"RunInstances", "DescribeInstances", "TerminateInstances", "DescribeSecurityGroups",
           "DescribeSpotInstanceRequests", "DescribeSpotPriceHistory", "CreateSecurityGroup",
           "AuthorizeSecurityGroupIngress", "DeleteSecurityGroup", "GetCallerIdentity"}


# ---- signatures, read off the wire

def sign(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def check_signature(handler, body, cloud):
    """Returns the region that the request was signed for."""
    header = handler.headers.get("Authorization", "")
    if not header.startswith("AWS4-HMAC-SHA256 "):
        raise Refused("MissingAuthenticationToken", "Request is missing a signature", 403)
    parts = dict(part.strip().split("=", 1) for part in header[17:].split(","))
    key_id, date, region, service, _ = parts["Credential"].split("/")
    stamp = handler.headers["X-Amz-Date"]
    at = datetime.datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
    if abs(at.timestamp() - cloud.now()) > LONGEST_SKEW:
        raise Refused("RequestExpired", "Request has expired", 400)
    if not cloud.keys:
        return region
    if key_id not in cloud.keys:
        raise Refused("AuthFailure", "AWS was not able to validate the provided access credentials",
                      401)
    names = parts["SignedHeaders"].split(";")
    lines = "".join(f"{name}:{' '.join(handler.headers[name].split())}\n" for name in names)
    canonical = "\n".join([handler.command, "/", "", lines, parts["SignedHeaders"],
                           hashlib.sha256(body).hexdigest()])
    scope = f"{date}/{region}/{service}/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope,
                      hashlib.sha256(canonical.encode()).hexdigest()])
    signing = ("AWS4" + cloud.keys[key_id]).encode()
    for part in (date, region, service, "aws4_request"):
        signing = sign(signing, part)
    if not hmac.compare_digest(sign(signing, text).hex(), parts["Signature"]):
        raise Refused("SignatureDoesNotMatch", "The request signature does not match", 403)
    return region


class Handler(fake_server.Handler):
    def date_time_string(self, timestamp=None):
        return formatdate(self.cloud.now() if timestamp is None else timestamp, usegmt=True)

    def do_PUT(self):
        self.send_body(200, "metadata-token", "text/plain")

    def do_GET(self):
        if self.path == "/_fake":
            return self.send_body(200, json.dumps(self.cloud.held()), "application/json")
        parts = self.path.split("/", 3)  # "", "metadata", ID, "latest/meta-data/..."
        one = self.cloud.instances.get(parts[2]) if len(parts) == 4 else None
        wants_notice = one is not None and parts[3] == "latest/meta-data/spot/instance-action"
        if wants_notice and self.headers.get("X-aws-ec2-metadata-token") and "taken_at" in one:
            return self.send_body(200, json.dumps({"action": "terminate", "time": iso(one["taken_at"])}),
                              "application/json")
        return self.send_body(404, "not found", "text/plain")

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/_fake":
            return self.send_body(200, json.dumps(self.cloud.control(json.loads(body))),
                              "application/json")
        form = dict(urllib.parse.parse_qsl(body.decode(), keep_blank_values=True))
        action = form.pop("Action", "")
        try:
            region = check_signature(self, body, self.cloud)
            if self.cloud.should_drop(action, before=True):
                return self.cut()
            answer = self.cloud.act(action, region, form)
            if self.cloud.should_drop(action, before=False):
                return self.cut()
        except Refused as no:
            return self.send_body(no.status, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response>"
                              + xml({"Errors": {"Error": {"Code": no.code, "Message": no.message}},
                                     "RequestID": "fake"}) + "</Response>", "text/xml")
        text = (f'<?xml version="1.0" encoding="UTF-8"?>\n<{action}Response xmlns="{NAMESPACE}">'
                f'<requestId>fake</requestId>{xml(answer)}</{action}Response>')
        return self.send_body(200, text, "text/xml;charset=UTF-8")


def main():
    parser = fake_server.parser(__doc__.splitlines()[0])
    fake_server.serve(Handler, parser.parse_args(), Cloud)


if __name__ == "__main__":
    main()
