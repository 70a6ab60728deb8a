"""What only a real RabbitMQ can show: restarts, cut connections, alarms."""
