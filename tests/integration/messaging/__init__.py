"""Integration tests with a real RabbitMQ: restarts, cut connections, alarms."""
