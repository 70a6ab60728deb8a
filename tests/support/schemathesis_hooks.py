"""What schemathesis has to be told: bytes by the name that tus has for them are bytes."""

import schemathesis

schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")
