"""Who we are to a cluster, and what we may: check, roles, plugins, certificates, the manifest."""

import json
import os
import unittest

import kube_case
from kube_case import KubeCase, PLAIN, USER_TOKENS

[(LITTLE_TOKEN, LITTLE)] = USER_TOKENS


class AccessTest(KubeCase):
    @classmethod
    def add_nodes(cls):
        cls.nodes.add_node("n-1")

    def check(self):
        done = self.session.run("check", "kubernetes")
        return done.returncode, done.stdout + done.stderr

    def test_a_user_without_rights_is_told_which_and_the_printed_role_grants_them(self):
        self.use_kubeconfig(user={"token": LITTLE_TOKEN})
        status, text = self.check()
        self.assertEqual(status, 1)
        self.assertIn("may not:", text)
        self.assertIn("patch pods", text)
        role = text[text.index("grant it"):].splitlines()[1:]
        manifest = "\n".join(line.strip(" ") if line.startswith("          -") or False else line[10:]
                             for line in role)
        manifest = manifest.replace("WHOEVER-THE-KUBECONFIG-NAMES", LITTLE)
        path = self.file(manifest, "role.yaml")
        self.plane.kubectl("apply", "-f", path)
        self.addCleanup(self.plane.kubectl, "delete", "-f", path, check=False)
        status, text = self.check()
        self.assertEqual(status, 0, text)
        self.assertIn("may do all that is needed", text)
        # And they are enough for a service, from up to down.
        self.session.must(*self.up_arguments("web", PLAIN % 1, "-y"))
        self.wait_ready("web", 1)
        self.down_clean("web")

    def test_a_right_that_is_missing_at_launch_is_forbidden_and_no_quota(self):
        rules = [{"apiGroups": [""], "resources": ["nodes"], "verbs": ["list", "get", "watch"]}]
        for kind, body in (("clusterroles", {"rules": rules}), ("clusterrolebindings", {
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole",
                            "name": "looks"},
                "subjects": [{"kind": "User", "name": LITTLE}]})):
            path = f"/apis/rbac.authorization.k8s.io/v1/{kind}"
            status, answer = self.plane.call("POST", path, {"metadata": {"name": "looks"}, **body})
            self.assertEqual(status, 201, answer)
            self.addCleanup(self.plane.call, "DELETE", path + "/looks")
        self.use_kubeconfig(user={"token": LITTLE_TOKEN})
        self.session.must(*self.up_arguments("web", PLAIN % 1, "-y"))
        [failed, *_] = self.wait_event("web", "ProvisionFailed")
        self.assertEqual(failed["body"]["failure"]["kind"], "forbidden")
        self.assertIn("cannot", failed["body"]["failure"]["text"])
        self.session.must("down", "web", "-y")

    def test_a_plugin_that_hangs_is_given_up_and_one_that_answers_works(self):
        plugin = os.path.join(self.work, "plugin")
        answer = json.dumps({"apiVersion": "client.authentication.k8s.io/v1", "kind":
                             "ExecCredential", "status": {"token": self.plane.TOKEN}})
        user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": plugin,
                         "interactiveMode": "Never"}}
        self.use_kubeconfig(user=user)

        def write(text):
            with open(plugin, "w", encoding="utf-8") as file:
                file.write("#!/bin/sh\n" + text)
            os.chmod(plugin, 0o700)

        write(f"cat <<'EOF'\n{answer}\nEOF\n")
        status, text = self.check()
        self.assertEqual(status, 0, text)
        write("sleep 300\n")
        status, text = self.check()
        self.assertEqual(status, 1)
        self.assertIn("did not end within 30 s", text)
        self.assertNotIn(self.plane.TOKEN, text)

    def test_a_client_certificate_works_and_an_expired_one_is_an_auth_failure(self):
        self.plane.make_certificate("client", "/CN=admin/O=system:masters")
        good = {"client-certificate": self.plane.file("client.crt"),
                "client-key": self.plane.file("client.key")}
        self.use_kubeconfig(user=good)
        self.assertEqual(self.check()[0], 0, self.check()[1])
        self.plane.make_certificate("expired", "/CN=admin/O=system:masters", days=-1)
        self.use_kubeconfig(user={"client-certificate": self.plane.file("expired.crt"),
                                  "client-key": self.plane.file("expired.key")})
        status, text = self.check()
        self.assertEqual(status, 1)
        self.assertIn("401 Unauthorized", text)

    def test_the_manifest_of_the_daemon_is_what_a_real_server_accepts(self):
        self.configure("kubernetes: {remote_identity: SERVICE_ACCOUNT}\n"
                       "serve: {controller: {resources: {cloud: kubernetes}}}\n")
        manifest = self.session.must("daemon", "manifest", "--image", "registry.test/skyctl:1",
                                     "--namespace", self.namespace)
        done = self.plane.kubectl("apply", "--dry-run=server", "-f",
                                  self.file(manifest, "manifest.yaml"), check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        for kind in ("serviceaccount", "role.rbac", "rolebinding", "clusterrole", "configmap",
                     "service/skyctl", "statefulset.apps/skyctl"):
            self.assertIn(kind, done.stdout)
        for words in ("runAsNonRoot: true", "readOnlyRootFilesystem: true", "readinessProbe"):
            self.assertIn(words, manifest)
        self.assertNotIn("*", manifest.replace("`skyctl daemon manifest", ""))
        status, text = self.check()  # not in a cluster: said, and what to do about it
        self.assertEqual(status, 0, text)
        self.assertIn("skyctl daemon manifest", text)


if __name__ == "__main__":
    kube_case.main()
