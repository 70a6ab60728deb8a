"""`python -m shared.healthcheck PORT`: whether the service on this machine is ready, as an exit code.

For container health checks: images without a shell's tools still have Python. Imports little: it runs often.
"""

import http.client
import sys

TIMEOUT_S = 4.0


def ready(port: int) -> bool:
    """Whether `/readyz` is answered with 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(0 if ready(int(sys.argv[1])) else 1)
