{{/* Parts that the pods of processes and of jobs share. */}}

{{- define "tonegate.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
# Files of secrets are readable to this group only.
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
# Allows what ffmpeg's sandbox needs, which asks for no privilege: prctl, seccomp and Landlock.
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "tonegate.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
privileged: false
capabilities: {drop: [ALL]}
{{- end }}

{{/* No token of the API; no variables of services, which would be read as settings (GATEWAY_PORT=tcp://…). */}}
{{- define "tonegate.podIsolation" -}}
automountServiceAccountToken: false
enableServiceLinks: false
{{- end }}

{{- define "tonegate.pullSecrets" -}}
{{- with .Values.image.pullSecrets -}}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end }}

{{/* `healthz` says that the process lives, `readyz` that its servers respond. */}}
{{- define "tonegate.probe" -}}
httpGet: {path: {{ .path }}, port: http, scheme: {{ ternary "HTTPS" "HTTP" .root.Values.tls.enabled }}}
timeoutSeconds: 5
{{- end }}
