"""Configuration of Prometheus, Grafana, Loki and Tempo, and the code that makes the dashboards."""
