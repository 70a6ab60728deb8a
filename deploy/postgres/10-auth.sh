#!/bin/sh
# Run once by the image when the cluster is new: creates auth_service's role and database.
set -eu
psql --set ON_ERROR_STOP=1 --no-psqlrc --username "$POSTGRES_USER" --dbname postgres <<'SQL'
\set password `cat /run/tonegate/auth`
CREATE ROLE tonegate LOGIN PASSWORD :'password';
CREATE DATABASE tonegate OWNER tonegate;
REVOKE ALL ON DATABASE tonegate FROM PUBLIC;
SQL
