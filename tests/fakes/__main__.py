"""`python -m fakes` serves until its standard input ends, and first prints its address, the keys it expects, and the
paths of the providers that speak nearly OpenAI's dialect."""

import json
import sys
import threading

from .near_openai import RULES, path_of
from .registry import KEYS
from .server import Server

server = Server()
threading.Thread(target=server.serve_forever, daemon=True).start()
bases = {name: path_of(name, "") for name in RULES}
print(json.dumps({"address": server.address, "keys": KEYS, "bases": bases}), flush=True)
sys.stdin.read()
server.shutdown()
