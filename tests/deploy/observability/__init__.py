"""Rules, dashboards and runbooks of deploy/observability."""
