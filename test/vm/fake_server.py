"""What the scripted clouds have in common: a server on 127.0.0.1 that prints where it listens."""
import argparse
import http.server

from local_machines import LocalMachines, end_with_parent


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    cloud = None

    def log_message(self, *_):
        pass

    def send_body(self, status, text, content_type):
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def cut(self):
        """Ends the connection without an answer."""
        self.close_connection = True
        self.connection.shutdown(2)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        """A client that is killed in the middle of a call is a part of the tests."""


def parser(description):
    options = argparse.ArgumentParser(description=description)
    options.add_argument("--port", type=int, default=0)
    options.add_argument("--machines", help="run machines as processes, below this folder")
    return options


def serve(handler, options, make_cloud):
    """Until whoever started us ends. `make_cloud` takes the machines."""
    machines = LocalMachines(options.machines)
    handler.cloud = make_cloud(machines)
    server = Server(("127.0.0.1", options.port), handler)
    handler.cloud.base_url = f"http://127.0.0.1:{server.server_port}"
    print(f"listening on {server.server_port}", flush=True)
    end_with_parent()
    try:
        server.serve_forever(poll_interval=0.1)
    finally:
        machines.end_all()
