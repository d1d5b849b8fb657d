#!/usr/bin/env python3
"""A scripted Compute Engine on 127.0.0.1, with the standard library only.

  gce_fake.py [--port P] [--machines FOLDER] [--project NAME]     prints "listening on PORT"

Operations go PENDING -> RUNNING -> DONE, `wait` may return before, request ids and names are
honoured, spot machines that are taken disappear and leave an operation that says so. It gives out
tokens at POST /token and takes no others. What it
shall do next is told by POST /_fake:

  {"refuse": {"method": M, "path": PART, "status": S, "reason": R, "message": T, "times": N}}
  {"fail_operation": {"code": C, "message": T, "times": N, "zone": Z}}   inserts fail afterwards
  {"drop": {"method": M, "path": PART, "times": N}}   act, then cut the connection
  {"capacity": {"zone": Z, "count": N}}, {"operation_seconds": T}, {"page_size": N}
  {"notice": NAME, "seconds": T}   taken after T seconds, STOPPING until then
  {"expire_tokens": true}, {"permissions": [...]}
GET /_fake answers everything it holds.
"""
import json
import os
import re
import sys
import threading
import time
import urllib.parse
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "vm"))
import fake_server  # noqa: E402

NAME = re.compile(r"^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$")
LABEL = re.compile(r"^[-_a-z0-9]{0,63}$")


class Refused(Exception):
    def __init__(self, status, reason, message):
        super().__init__(message)
        self.status, self.reason, self.message = status, reason, message


def rfc3339(moment):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment)) + ".000-00:00"


class Cloud:
    def __init__(self, machines, project):
        self.lock = threading.RLock()
        self.machines, self.project = machines, project
        self.base_url = ""
        self.instances, self.firewalls, self.operations = {}, {}, {}
        self.requests = {}  # requestId -> operation name
        self.tokens = set()
        self.refusals, self.failures, self.drops = [], [], []
        self.capacity = {}
        self.operation_seconds = 0.0
        self.page_size = 500
        self.permissions = None  # all
        self.token_calls = 0

    # ---- control

    def control(self, order):
        with self.lock:
            for name in ("operation_seconds", "page_size", "permissions"):
                if name in order:
                    setattr(self, name, order[name])
            for name, into in (("refuse", self.refusals), ("fail_operation", self.failures),
                               ("drop", self.drops)):
                if name in order:
                    into.append(dict({"times": 1, "path": "", "method": None, "zone": None},
                                     **order[name]))
            if "capacity" in order:
                self.capacity[order["capacity"]["zone"]] = order["capacity"]["count"]
            if "notice" in order:
                one = self.instances[order["notice"]]
                one["taken_at"] = time.time() + order.get("seconds", 30)
                one["status"] = "STOPPING"
                self.operation("compute.instances.preempted", one["zone_name"], one["selfLink"])
            if order.get("expire_tokens"):
                self.tokens.clear()
            return self.held()

    def held(self):
        with self.lock:
            self.tick()
            return {"instances": list(self.instances.values()),
                    "firewalls": list(self.firewalls.values()), "token_calls": self.token_calls}

    def matching(self, scripts, method, path):
        for one in scripts:
            if one["times"] > 0 and one["method"] in (None, method) and one["path"] in path:
                one["times"] -= 1
                return one
        return None

    # ---- time

    def tick(self):
        now = time.time()
        for one in list(self.operations.values()):
            if one["status"] == "DONE" or now < one["done_at"]:
                if one["status"] == "PENDING":
                    one["status"] = "RUNNING"
                continue
            one["status"] = "DONE"
            one.pop("act", lambda: None)()
        for name, one in list(self.instances.items()):
            if one.get("taken_at", 1e18) <= now:
                self.vanish(name)
        for name in self.machines.ended_themselves():
            self.machines.end(name)
            self.instances[name]["status"] = "TERMINATED"

    def vanish(self, name):
        self.machines.end(name)
        self.instances.pop(name, None)

    def operation(self, kind, zone, target, act=None, seconds=0.0):
        name = "operation-" + uuid.uuid4().hex[:12]
        scope = f"zones/{zone}" if zone else "global"
        one = {"kind": "compute#operation", "id": str(len(self.operations) + 1), "name": name,
               "operationType": kind, "targetLink": target, "status": "PENDING",
               "selfLink": f"{self.base_url}/compute/v1/projects/{self.project}/{scope}"
                           f"/operations/{name}",
               "zone": zone or "", "done_at": time.time() + seconds}
        if act:
            one["act"] = act
        self.operations[name] = one
        return one

    def shown(self, one):
        return {name: value for name, value in one.items()
                if name not in ("act", "done_at", "taken_at", "zone_name", "user_data", "address")}

    # ---- calls

    def insert_instance(self, zone, body, request_id):
        if request_id in self.requests:
            return self.operations[self.requests[request_id]]
        if request_id and uuid.UUID(request_id).int == 0:
            raise Refused(400, "invalid", "Invalid value for field 'requestId'")
        name = body["name"]
        if not NAME.match(name):
            raise Refused(400, "invalid", f"Invalid value for field 'resource.name': '{name}'")
        for key, value in body.get("labels", {}).items():
            if not LABEL.match(key) or not LABEL.match(value):
                raise Refused(400, "invalid", f"Invalid label {key}={value}")
        if body.get("guestAccelerators") and body["scheduling"]["onHostMaintenance"] != "TERMINATE":
            raise Refused(400, "invalid", "Instances with guest accelerators do not migrate")
        if not body["machineType"].endswith(tuple("0123456789g")):
            raise Refused(400, "invalid", "Invalid value for field 'resource.machineType'")
        if name in self.instances:
            raise Refused(409, "alreadyExists", f"The resource '{name}' already exists")
        link = f"{self.base_url}/compute/v1/projects/{self.project}/zones/{zone}/instances/{name}"
        failure = next((one for one in self.failures
                        if one["times"] > 0 and one["zone"] in (None, zone)), None)
        used = sum(1 for one in self.instances.values() if one["zone_name"] == zone)
        if failure is None and used >= self.capacity.get(zone, 1 << 30):
            failure = {"code": "ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS", "times": 1,
                       "message": f"The zone '{zone}' does not have enough resources available"}
        operation = self.operation("insert", zone, link, seconds=self.operation_seconds)
        if request_id:
            self.requests[request_id] = operation["name"]
            operation["clientOperationId"] = request_id
        if failure:
            failure["times"] -= 1
            operation["error"] = {"errors": [{"code": failure["code"],
                                              "message": failure.get("message", "scripted")}]}
            operation["httpErrorStatusCode"] = failure.get("status", 503)
            return operation
        address = self.machines.next_address()
        metadata = {item["key"]: item["value"] for item in body["metadata"]["items"]}
        one = dict(body, selfLink=link, zone=f"{self.base_url}/zones/{zone}", zone_name=zone,
                   status="PROVISIONING", creationTimestamp=rfc3339(time.time()),
                   address=address, user_data=metadata.get("user-data", ""))
        self.instances[name] = one

        def run():
            if name not in self.instances:
                return
            one["status"] = "RUNNING"
            one["networkInterfaces"] = [{"networkIP": address,
                                         "accessConfigs": [{"natIP": address}]}]
            self.machines.start(name, one["user_data"], address, f"{self.base_url}/metadata/{name}")
        operation["act"] = run
        return operation

    def delete_instance(self, zone, name):
        if name not in self.instances:
            raise Refused(404, "notFound", f"The resource '{name}' was not found")
        self.instances[name]["status"] = "STOPPING"
        return self.operation("delete", zone, self.instances[name]["selfLink"],
                              act=lambda: self.vanish(name))

    def page(self, items, query):
        first = int(query.get("pageToken") or 0)
        last = first + self.page_size
        return items[first:last], (str(last) if last < len(items) else None)

    def aggregated(self, kind, items, query):
        shown, token = self.page(items, query)
        scopes = {}
        for one in shown:
            zone = one.get("zone_name") or one.get("zone") or ""
            scope = f"zones/{zone}" if zone else "global"
            scopes.setdefault(scope, {kind: []})[kind].append(self.shown(one))
        scopes.setdefault("zones/empty-zone-a", {"warning": {"code": "NO_RESULTS_ON_PAGE"}})
        answer = {"items": scopes}
        if token:
            answer["nextPageToken"] = token
        return answer

    def list_instances(self, query):
        key, _, value = query.get("filter", "").partition("=")
        label = key.removeprefix("labels.")
        found = [one for one in self.instances.values()
                 if not label or one.get("labels", {}).get(label) == value]
        return self.aggregated("instances", found, query)

    def list_operations(self, query):
        kind = query.get("filter", "").partition("=")[2].strip('"')
        found = [one for one in self.operations.values()
                 if not kind or one["operationType"] == kind]
        return self.aggregated("operations", found, query)

    def insert_firewall(self, body):
        name = body["name"]
        if name in self.firewalls:
            raise Refused(409, "alreadyExists", f"The resource '{name}' already exists")
        if not body.get("sourceRanges") or not body.get("targetTags"):
            raise Refused(400, "invalid", "a rule of ours names sources and targets")
        self.firewalls[name] = body
        return self.operation("insert", None, name)

    def act(self, method, path, query, body):
        with self.lock:
            self.tick()
            refusal = self.matching(self.refusals, method, path)
            if refusal:
                raise Refused(refusal["status"], refusal["reason"],
                              refusal.get("message", "scripted"))
            answer = self.route(method, path.split("/"), query, body)
            self.tick()
            return self.shown(answer) if "operationType" in answer else answer

    def route(self, method, parts, query, body):
        if parts[:2] == ["aggregated", "instances"]:
            return self.list_instances(query)
        if parts[:2] == ["aggregated", "operations"]:
            return self.list_operations(query)
        if parts[-1] == "wait" and method == "POST":
            return self.operations[parts[-2]]
        if parts[0] == "zones" and parts[2] == "instances":
            if method == "POST":
                return self.insert_instance(parts[1], body, query.get("requestId", ""))
            name = parts[3]
            if method == "DELETE":
                return self.delete_instance(parts[1], name)
            if name in self.instances:
                return self.shown(self.instances[name])
            raise Refused(404, "notFound", f"The resource '{name}' was not found")
        if parts[:2] == ["global", "firewalls"]:
            if method == "POST":
                return self.insert_firewall(body)
            if len(parts) == 2:
                return {"items": list(self.firewalls.values())}
            if parts[2] not in self.firewalls:
                raise Refused(404, "notFound", f"The resource '{parts[2]}' was not found")
            if method == "DELETE":
                del self.firewalls[parts[2]]
                return self.operation("delete", None, parts[2])
            return self.firewalls[parts[2]]
        raise Refused(404, "notFound", "no such path: " + "/".join(parts))

    def give_token(self, form):
        with self.lock:
            self.token_calls += 1
            grant = form.get("grant_type", "")
            fits = (grant.endswith("jwt-bearer") and form.get("assertion", "").count(".") == 2) or (
                grant == "refresh_token" and form.get("refresh_token") == "good")
            if not fits:
                return 400, {"error": "invalid_grant", "error_description": "Bad Request"}
            token = "ya29." + uuid.uuid4().hex
            self.tokens.add(token)
            return 200, {"access_token": token, "expires_in": 3599, "token_type": "Bearer"}


class Handler(fake_server.Handler):
    def reply(self, status, body):
        is_text = isinstance(body, str)
        self.send_body(status, body if is_text else json.dumps(body),
                       "text/plain" if is_text else "application/json")

    def metadata(self):
        """A machine's own: hangs until it is taken, or a moment."""
        name = self.path.split("/")[2]
        until = time.time() + 2
        while time.time() < until:
            one = self.cloud.instances.get(name)
            if one is not None and "taken_at" in one:
                return self.reply(200, "TRUE")
            time.sleep(0.05)
        return self.reply(200, "FALSE")

    def handle_call(self):
        cloud = self.cloud
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = urllib.parse.urlsplit(self.path)
        if url.path == "/_fake":
            return self.reply(200, cloud.control(json.loads(body)) if body else cloud.held())
        if url.path.startswith("/metadata/"):
            return self.metadata()
        if url.path == "/token":
            return self.reply(*cloud.give_token(dict(urllib.parse.parse_qsl(body.decode()))))
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if token not in cloud.tokens:
            return self.reply(401, {"error": {"code": 401, "status": "UNAUTHENTICATED",
                                              "message": "Invalid Credentials",
                                              "errors": [{"reason": "authError",
                                                          "message": "Invalid Credentials"}]}})
        document = json.loads(body) if body else {}
        if url.path.endswith(":testIamPermissions"):
            granted = cloud.permissions
            return self.reply(200, {"permissions": [one for one in document["permissions"]
                                                    if granted is None or one in granted]})
        prefix = f"/compute/v1/projects/{cloud.project}/"
        if not url.path.startswith(prefix):
            return self.reply(404, {"error": {"errors": [{"reason": "notFound",
                                                          "message": "no such project"}]}})
        path = url.path[len(prefix):]
        query = dict(urllib.parse.parse_qsl(url.query))
        try:
            answer = cloud.act(self.command, path, query, document)
        except Refused as no:
            return self.reply(no.status, {"error": {
                "code": no.status, "message": no.message,
                "errors": [{"reason": no.reason, "message": no.message, "domain": "global"}]}})
        if cloud.matching(cloud.drops, self.command, path):
            return self.cut()
        return self.reply(200, answer)

    do_GET = do_POST = do_DELETE = handle_call


def main():
    parser = fake_server.parser(__doc__.splitlines()[0])
    parser.add_argument("--project", default="proj")
    options = parser.parse_args()
    fake_server.serve(Handler, options, lambda machines: Cloud(machines, options.project))


if __name__ == "__main__":
    main()
