"""`python -m harness -- COMMAND …` runs a command beside a running stack and fails if it does, or if a provider
received what it should not. The command finds FLOOPY_URL, FLOOPY_KEY, FAKES_URL in its environment."""

import os
import subprocess
import sys

from . import GatewayFailed, Stack


def main() -> int:
    command = sys.argv[1:]
    if not command or command.pop(0) != "--" or not command:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        with Stack() as stack:
            env = {**os.environ, "FLOOPY_URL": stack.url, "FLOOPY_KEY": stack.key, "FAKES_URL": f"http://{stack.fakes}"}
            code = subprocess.run(command, env=env).returncode
            violations = stack.violations()
    except GatewayFailed as failure:
        print(failure, file=sys.stderr)
        return 1
    for call in violations:
        print(f"{call['provider']} received a bad call with tag `{call['tag']}`: {call['violations']}", file=sys.stderr)
    return code or (1 if violations else 0)


if __name__ == "__main__":
    sys.exit(main())
