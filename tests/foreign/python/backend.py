"""A small backend on http.server, for the gateway to ask."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Backend:
    """Answers `POST /<name>` with what `answers[name](question)` returns, and keeps every question; `GET` asks None."""

    def __init__(self, answers):
        self.asked = []
        backend = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

            def do_GET(self):
                self._answer(None)

            def _answer(self, question):
                name = self.path[1:]
                backend.asked.append((name, question))
                answer = json.dumps(answers[name](question)).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def url(self, name):
        return f"http://127.0.0.1:{self._server.server_port}/{name}"

    def webhook(self, name, **more):
        """A webhook that asks here."""
        return {"endpoint": self.url(name), "timeout": "5s"} | more

    def questions(self, kind):
        return [question for name, question in self.asked if name == kind]

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
