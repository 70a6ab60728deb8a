"""`python -m shared.healthcheck PORT`: exits with 0 if the service on this machine is ready, else with 1.

For health checks of containers without a shell. It runs often, so it imports little.
"""

import http.client
import sys

TIMEOUT_S = 4.0


def ready(port: int) -> bool:
    """True if `/readyz` answers 200."""
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
