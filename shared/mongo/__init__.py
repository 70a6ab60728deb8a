"""MongoDB for the services that store in it: connection, errors, and the server's clock."""
