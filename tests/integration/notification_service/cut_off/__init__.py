"""The notification service without MongoDB or RabbitMQ."""
