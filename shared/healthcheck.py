"""`python -m shared.healthcheck PORT`: exits with 0 if the service on this machine is ready, else with 1.

For health checks of containers without a shell. It runs often, so it imports little. With TLS_CERTIFICATE it
asks over TLS, and does not verify the certificate, which is for the names by which others call the service.
"""

import http.client
import os
import ssl
import sys

TIMEOUT_S = 4.0


def ready(port: int) -> bool:
    """True if `/readyz` answers 200."""
    connection = _connection(port)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _connection(port: int) -> http.client.HTTPConnection:
    if not (os.environ.get("TLS_CERTIFICATE") or os.environ.get("TLS_CERTIFICATE_FILE")):
        return http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return http.client.HTTPSConnection("127.0.0.1", port, timeout=TIMEOUT_S, context=context)


if __name__ == "__main__":
    sys.exit(0 if ready(int(sys.argv[1])) else 1)
