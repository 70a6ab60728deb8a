"""Events between services: envelope, handlers, subscriptions, outbox, and the RabbitMQ adapter."""
