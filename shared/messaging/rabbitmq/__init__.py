"""Adapter of the broker port for RabbitMQ 3.10 and later; the only package that imports aio-pika."""
