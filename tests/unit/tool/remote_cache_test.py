#!/usr/bin/env python3
"""A remote cache: a real nginx with WebDAV, and servers that are down, slow or lying.

  remote_cache_test.py PATH_OF_ATTNJIT DIRECTORY_OF_FAKE_NVRTCS

Tests with nginx are skipped where there is none.
"""

import http.server
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import threading
import unittest

import cache_tool_test
import cli_test

SPEC = '{"head_dim":64,"dtype":"fp16"}'
OTHER = '{"head_dim":32,"dtype":"fp16"}'

NGINX_CONF = """
daemon off;
master_process off;
worker_processes 1;
error_log {dir}/error.log;
pid {dir}/nginx.pid;
events {{ worker_connections 64; }}
http {{
  access_log {dir}/access.log;
  client_body_temp_path {dir}/body;
  proxy_temp_path {dir}/proxy;
  fastcgi_temp_path {dir}/fastcgi;
  uwsgi_temp_path {dir}/uwsgi;
  scgi_temp_path {dir}/scgi;
  client_max_body_size 64m;
  server {{
    listen 127.0.0.1:{port};
    root {dir}/www;
    location /open/ {{ dav_methods PUT; create_full_put_path on; }}
    location /readonly/ {{ alias {dir}/www/open/; }}
    location /basic/ {{
      auth_basic "cache"; auth_basic_user_file {dir}/users;
      alias {dir}/www/open/;
    }}
    location /bearer/ {{
      if ($http_authorization != "Bearer s3cret") {{ return 401; }}
      alias {dir}/www/open/;
    }}
  }}
  {tls}
}}
"""

TLS_CONF = """
  server {{
    listen 127.0.0.1:{port} ssl;
    root {dir}/www;
    ssl_certificate {dir}/server.pem; ssl_certificate_key {dir}/server.key;
    ssl_client_certificate {dir}/ca.pem; ssl_verify_client on;
    location /open/ {{ dav_methods PUT; create_full_put_path on; }}
  }}
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class RemoteTest(cache_tool_test.CacheToolTest):
    def use(self, url, **settings):
        self.environment["ATTNJIT_CACHE_REMOTE"] = url
        for name in [n for n in self.environment if n.startswith("ATTNJIT_CACHE_REMOTE_")]:
            del self.environment[name]
        for name, value in settings.items():
            self.environment["ATTNJIT_CACHE_REMOTE_" + name.upper()] = str(value)

    def build(self, spec=SPEC, local="fresh"):
        """What one process does; (result, warnings). `local` is emptied if it is fresh."""
        if local == "fresh":
            shutil.rmtree(self.dir / "fresh", ignore_errors=True)
        result = self.run_tool("build", spec, "--arch", "sm_80", "--json", "--cache-dir",
                               self.dir / local)
        self.assertEqual(result.returncode, 0, result.stderr)
        return json.loads(result.stdout)[0], result.stderr.strip()


class NginxTest(RemoteTest):
    @classmethod
    def setUpClass(cls):
        cls.nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/sbin")
        if cls.nginx is None:
            raise unittest.SkipTest("no nginx (package nginx-extras or nginx)")
        version = subprocess.run([cls.nginx, "-V"], capture_output=True, text=True, check=True).stderr
        if "http_dav_module" not in version:
            raise unittest.SkipTest("this nginx has no WebDAV")

    def setUp(self):
        super().setUp()
        self.root = self.dir / "nginx"
        (self.root / "www" / "open").mkdir(parents=True)
        self.port, self.tls_port = free_port(), free_port()
        (self.root / "users").write_text("anna:{PLAIN}pass\n")
        tls = ""
        if shutil.which("openssl"):
            self.make_certificates()
            tls = TLS_CONF.format(dir=self.root, port=self.tls_port)
        conf = self.root / "nginx.conf"
        conf.write_text(NGINX_CONF.format(dir=self.root, port=self.port, tls=tls))
        if os.geteuid() == 0:
            conf.write_text("user root;\n" + conf.read_text())
        with (self.root / "stderr").open("w") as stderr:
            self.server = subprocess.Popen([self.nginx, "-c", conf, "-p", self.root], stderr=stderr)
        self.addCleanup(self.stop)
        while True:  # Until it listens.
            if self.server.poll() is not None:
                self.fail("nginx ended: " + (self.root / "stderr").read_text())
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=5).close()
                break
            except ConnectionRefusedError:
                pass
        self.url = f"http://127.0.0.1:{self.port}"

    def stop(self):
        self.server.terminate()
        self.server.wait()

    def openssl(self, *args):
        subprocess.run(["openssl", *args], cwd=self.root, check=True, capture_output=True)

    def make_certificates(self):
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key", "-out",
                     "ca.pem", "-subj", "/CN=test ca", "-days", "2")
        for name in ("server", "client"):
            self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key", "-out",
                         f"{name}.csr", "-subj", f"/CN={name}")
            (self.root / "san").write_text("subjectAltName=IP:127.0.0.1\n")
            self.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                         "-CAcreateserial", "-out", f"{name}.pem", "-days", "2", "-extfile", "san")

    def objects(self):
        return sorted((self.root / "www" / "open").iterdir())

    def fill(self):
        self.use(self.url + "/open", write=1)
        built, warnings = self.build()
        self.assertEqual((built["origin"], warnings), ("compiled", ""))

    def test_what_one_machine_compiles_another_takes(self):
        self.fill()
        self.assertEqual(len(self.objects()), 1)
        self.use(self.url + "/open/")
        built, warnings = self.build()
        self.assertEqual((built["origin"], warnings), ("remote", ""))
        self.assertTrue(os.path.exists(built["path"]), "It is kept here,")
        built, _ = self.build(local="fresh/.")
        self.assertEqual(built["origin"], "disk", "and found here the next time.")

    def test_nothing_is_put_unless_asked_for(self):
        self.use(self.url + "/open")
        self.assertEqual(self.build()[0]["origin"], "compiled")
        self.assertEqual(self.objects(), [])

    def test_a_damaged_object_is_never_used(self):
        self.fill()
        path = self.objects()[0]
        whole = path.read_bytes()
        for change in (whole[:-1], whole + b"x", b"", bytes([whole[0] ^ 1]) + whole[1:],
                       whole[:len(whole) // 2] + b"\0" + whole[len(whole) // 2 + 1:]):
            path.write_bytes(change)
            self.use(self.url + "/open")
            built, warnings = self.build()
            self.assertEqual(built["origin"], "compiled")
            self.assertIn("gave damage", warnings)

    def test_another_kernels_object_is_never_used(self):
        self.fill()
        name = self.objects()[0]
        self.build(OTHER)
        other = next(path for path in self.objects() if path != name)
        shutil.copy(other, name)
        self.use(self.url + "/open")
        built, warnings = self.build()
        self.assertEqual(built["origin"], "compiled")
        self.assertIn("another", warnings)

    def test_a_remote_that_refuses_to_be_written_is_one_warning(self):
        self.use(self.url + "/readonly", write=1)
        built, warnings = self.build()
        self.assertEqual(built["origin"], "compiled")
        self.assertIn("405", warnings)
        self.assertEqual(warnings.count("warning"), 1)

    def test_basic_authentication(self):
        self.fill()
        self.use(self.url + "/basic", user="anna:pass")
        self.assertEqual(self.build()[0]["origin"], "remote")
        self.use(self.url + "/basic", user="anna:wrong")
        built, warnings = self.build()
        self.assertEqual(built["origin"], "compiled")
        self.assertIn("401", warnings)
        self.assertNotIn("wrong", warnings, "No secret is printed.")

    def test_bearer_authentication(self):
        self.fill()
        self.use(self.url + "/bearer", token="s3cret")
        self.assertEqual(self.build()[0]["origin"], "remote")
        self.use(self.url + "/bearer", token="other")
        self.assertIn("401", self.build()[1])

    def test_mutual_tls(self):
        if not (self.root / "client.pem").exists():
            self.skipTest("no openssl to make certificates with")
        url = f"https://127.0.0.1:{self.tls_port}/open"
        client = {"cert": self.root / "client.pem", "key": self.root / "client.key"}
        self.use(url, write=1, ca=self.root / "ca.pem", **client)
        self.assertEqual(self.build()[1], "")
        self.use(url, ca=self.root / "ca.pem", **client)
        self.assertEqual(self.build()[0]["origin"], "remote")
        self.use(url, **client)
        self.assertIn("certificate", self.build()[1].lower(), "An unknown server is not asked.")
        self.use(url, ca=self.root / "ca.pem")
        self.assertIn("400", self.build()[1])


class Answers(http.server.BaseHTTPRequestHandler):
    """Answers as its server says."""

    def do_GET(self):
        self.server.asked += 1
        status, body = self.server.answer
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_PUT = do_GET

    def log_message(self, *args):
        pass


class BadRemoteTest(RemoteTest):
    def serve(self, status, body=b""):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        server.answer, server.asked = (status, body), 0
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        self.addCleanup(server.server_close)
        self.addCleanup(thread.join)
        self.addCleanup(server.shutdown)
        self.use(f"http://127.0.0.1:{server.server_port}", write=1)
        return server

    def test_one_that_is_down(self):
        self.use(f"http://127.0.0.1:{free_port()}", write=1)
        built, warnings = self.build()
        self.assertEqual(built["origin"], "compiled")
        self.assertIn("remote cache", warnings)

    def test_one_that_never_answers_costs_its_time_out(self):
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen()
            self.use(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout_ms=50)
            built, warnings = self.build()
        self.assertEqual(built["origin"], "compiled")
        self.assertIn("remote cache", warnings)

    def test_lies(self):
        for status, body in ((200, b"<html>Sign in</html>"), (200, b""), (500, b""), (302, b""),
                             (200, b"x" * 1000)):
            with self.subTest(status=status):
                self.serve(status, body)
                built, warnings = self.build()
                self.assertEqual(built["origin"], "compiled")
                self.assertEqual(warnings.count("attnjit: warning"), 1, warnings)

    def test_after_some_failures_it_is_left_alone(self):
        server = self.serve(500)
        specs = [json.dumps({"head_dim": 16 * (i + 1), "dtype": "fp16"}) for i in range(8)]
        result = self.run_tool("build", *specs, "--arch", "sm_80", "--json")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(len(json.loads(result.stdout)), 8)
        self.assertEqual(server.asked, 3)

    def test_a_url_that_is_none(self):
        self.use("ftp://example")
        self.assertIn("http://", self.check_exit(2, "build", SPEC, "--arch", "sm_80"))


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    cli_test.ATTNJIT = os.path.abspath(sys.argv.pop(1))
    cache_tool_test.NVRTC = pathlib.Path(sys.argv.pop(1)).absolute()
    unittest.main()
