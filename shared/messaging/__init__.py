"""Events between services: envelope, ports, a RabbitMQ adapter and one in memory, the outbox."""
