{{/*
The variables of a process's ConfigMap: those of `settings` that it reads, and those that the chart sets. Fails for
names in `settings` that no process reads, that the chart sets, or that are secrets; files/settings.json has the others.
*/}}
{{- define "tonegate.settings" -}}
{{- $readBy := .root.Files.Get "files/settings.json" | fromJson }}
{{- range $variable, $value := .root.Values.settings }}
{{- if not (hasKey $readBy $variable) }}
{{- fail (printf "settings.%s: no process reads it, or the chart sets it, or it is a secret" $variable) }}
{{- end }}
{{- if has $.name (index $readBy $variable) }}
{{ $variable }}: {{ $value | quote }}
{{- end }}
{{- end }}
GATEWAY_PUBLIC_URL: {{ .root.Values.publicUrl | quote }}
{{- if eq .name "gateway" }}
GATEWAY_AUTH_URL: {{ include "tonegate.url" (dict "root" .root "name" "auth") }}
GATEWAY_CONVERTER_URL: {{ include "tonegate.url" (dict "root" .root "name" "converter") }}
GATEWAY_NOTIFICATION_URL: {{ include "tonegate.url" (dict "root" .root "name" "notification") }}
{{- end }}
{{- if eq .name "worker" }}
CONVERTER_STOP_GRACE: {{ printf "%ds" (int .root.Values.worker.stopGrace) }}
{{- end }}
{{- if .root.Values.tls.enabled }}
TLS_CERTIFICATE: /etc/tonegate/tls/tls.crt
TLS_KEY: /etc/tonegate/tls/tls.key
TLS_CA: /etc/tonegate/tls/ca.crt
{{- end }}
{{- end }}
