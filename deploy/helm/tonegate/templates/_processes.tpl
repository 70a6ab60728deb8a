{{/*
The processes: ports, variables whose values are files of their secret (variable: key), and whom each one calls.
*/}}
{{- define "tonegate.processes" -}}
gateway:
  port: 8000
  metricsPort: 9100
  secrets:
    AMQP_URL: amqp_url
    AUTH_INTROSPECTION_SECRET: introspection
    GATEWAY_TOKEN_KEY: token_key
    {{- if .Values.gateway.sharedLimits }}
    GATEWAY_RATE_LIMIT_STORAGE_URL: rate_limit_storage_url
    {{- end }}
  calls: [auth, converter, notification]
  servers: [rabbitmq{{ if .Values.gateway.sharedLimits }}, valkey{{ end }}]
auth:
  port: 8001
  metricsPort: 9101
  secrets:
    AMQP_URL: amqp_url
    AUTH_DATABASE_URL: database_url
    AUTH_INTROSPECTION_SECRET: introspection
    AUTH_DATA_KEYS: data_keys
    GATEWAY_PUBLIC_KEYS: gateway_public_keys
    {{- with .Values.auth.providers }}
    {{- if .google }}
    AUTH_OAUTH_GOOGLE_CLIENT_SECRET: oauth_google_client_secret
    {{- end }}
    {{- if .github }}
    AUTH_OAUTH_GITHUB_CLIENT_SECRET: oauth_github_client_secret
    {{- end }}
    {{- if .openid }}
    AUTH_OAUTH_PROVIDERS: oauth_providers
    {{- end }}
    {{- end }}
  calls: []
  servers: [postgresql, rabbitmq]
  {{- with .Values.auth.providers }}
  {{- if or .google .github .openid }}
  internetPorts: [{port: 443}]
  {{- end }}
  {{- end }}
converter:
  port: 8002
  metricsPort: 9102
  secrets:
    AMQP_URL: amqp_url
    CONVERTER_MONGO_URL: mongo_url
    CONVERTER_LINK_KEY: link_key
    GATEWAY_PUBLIC_KEYS: gateway_public_keys
  calls: []
  servers: [mongodb, rabbitmq]
worker:
  port: 8003
  metricsPort: 9103
  secrets:
    AMQP_URL: amqp_url
    CONVERTER_MONGO_URL: mongo_url
  calls: []
  servers: [mongodb, rabbitmq]
notification:
  port: 8004
  metricsPort: 9104
  secrets:
    AMQP_URL: amqp_url
    CONVERTER_LINK_KEY: link_key
    GATEWAY_PUBLIC_KEYS: gateway_public_keys
    NOTIFICATION_MONGO_URL: mongo_url
    NOTIFICATION_SMTP_URL: smtp_url
    NOTIFICATION_WEBHOOK_KEY: webhook_key
  calls: []
  servers: [mongodb, rabbitmq, smtp]
  # The ports that a webhook may have.
  internetPorts: [{port: 80}, {port: 443}, {port: 1024, endPort: 65535}]
{{- end }}
