"""`python -m fakes` serves until its standard input ends, and first prints its address and the keys it expects."""

import json
import sys
import threading

from .server import KEYS, Server

server = Server()
threading.Thread(target=server.serve_forever, daemon=True).start()
print(json.dumps({"address": server.address, "keys": KEYS}), flush=True)
sys.stdin.read()
server.shutdown()
