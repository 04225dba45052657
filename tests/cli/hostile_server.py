# A web server on 127.0.0.1 that does what servers on a bad day do. It prints its port, and ends
# when its standard input does. FILE is served under /BEHAVIOUR/FILE; each request is written to
# standard error as "BEHAVIOUR Range If-Range".
import http.server
import os
import sys
import threading
import time

FOLDER = sys.argv[1]
TAG = '"version-1"'
seen = {}
lock = threading.Lock()


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *arguments):
        pass

    def start(self, status, headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()

    def whole_or_part(self, content, most=None, tag=TAG):
        asked = self.headers.get("Range")
        begin = 0
        if asked and self.headers.get("If-Range", tag) == tag:
            begin = int(asked.split("=")[1].rstrip("-"))
        if begin > 0:
            span = f"bytes {begin}-{len(content) - 1}/{len(content)}"
            self.start(206, [("Content-Range", span), ("Content-Length", len(content) - begin),
                             ("ETag", tag)])
        else:
            self.start(200, [("Content-Length", len(content)), ("ETag", tag)])
        self.wfile.write(content[begin:] if most is None else content[begin:begin + most])

    def do_GET(self):
        behaviour, _, name = self.path[1:].partition("/")
        with lock:
            count = seen[behaviour] = seen.get(behaviour, 0) + 1
            print(behaviour, self.headers.get("Range", "-"), self.headers.get("If-Range", "-"),
                  file=sys.stderr, flush=True)
        path = os.path.join(FOLDER, os.path.basename(name))
        if not os.path.exists(path):
            return self.start(404)
        with open(path, "rb") as file:
            content = file.read()
        garbage = content.translate(bytes(range(255, -1, -1)))
        if behaviour == "trouble":  # everything in turn, at last the file
            behaviour = ["stall", "cut", "500", "404", "loop", "short", "long", "garbage", "noise",
                         "good"][min(count - 1, 9)]
        if behaviour == "stall":
            self.start(200, [("Content-Length", len(content))])
            self.wfile.write(content[:10])
            self.wfile.flush()
            time.sleep(30)
        elif behaviour == "silent":
            time.sleep(30)
        elif behaviour == "trickle":
            self.start(200, [("Content-Length", len(content))])
            for byte in content:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                time.sleep(0.05)
        elif behaviour == "cut":  # a thousand bytes at a time, then the line breaks
            self.whole_or_part(content, 1000)
        elif behaviour == "cutgarbage":
            self.whole_or_part(garbage, 1000, '"other"')
        elif behaviour == "changed":  # the beginning of another version first
            if count == 1:
                self.whole_or_part(garbage, 1000, '"version-0"')
            else:
                self.whole_or_part(content)
        elif behaviour == "liar":  # says 206 and sends the beginning again
            self.start(206, [("Content-Range", f"bytes 0-{len(content) - 1}/{len(content)}"),
                             ("Content-Length", len(content))])
            self.wfile.write(content)
        elif behaviour == "norange":
            self.start(200, [("Content-Length", len(content))])
            self.wfile.write(content)
        elif behaviour == "garbage":
            self.start(200, [("Content-Length", len(content))])
            self.wfile.write(garbage)
        elif behaviour == "page":  # a portal that answers everything
            self.start(200, [("Content-Length", 30)])
            self.wfile.write(b"<html>please log in...</html>\n")
        elif behaviour == "short":  # ends early and claims nothing
            self.start(200)
            self.wfile.write(content[:len(content) // 2])
        elif behaviour == "empty":
            self.start(200)
        elif behaviour == "long":
            self.start(200)
            self.wfile.write(content + b"more")
        elif behaviour == "endless":
            self.start(200)
            try:
                for _ in range(100000):
                    self.wfile.write(content)
            except OSError:
                pass
        elif behaviour == "loop":
            self.start(302, [("Location", self.path)])
        elif behaviour == "file":
            self.start(302, [("Location", "file:///etc/passwd")])
        elif behaviour == "moved":
            self.start(302, [("Location", "/good/" + name)])
        elif behaviour == "noise":
            self.wfile.write(b"\x00\xff\x17 this is no HTTP\r\n" * 50)
        elif behaviour == "416":
            self.start(416 if self.headers.get("Range") else 200,
                       [] if self.headers.get("Range") else [("Content-Length", len(content))])
            if not self.headers.get("Range"):
                self.wfile.write(content)
        elif behaviour.isdigit():
            self.start(int(behaviour))
            self.wfile.write(garbage)
        else:
            self.whole_or_part(content)


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        pass  # clients hang up on us, rightly


server = Server(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
os.write(1, f"{server.server_address[1]}\n".encode())
sys.stdin.read()
os._exit(0)
