{{/* Who may call a process: those that it answers, the gateway's clients, and Prometheus. */}}
{{- define "tonegate.callers" -}}
{{- $all := include "tonegate.processes" .root | fromYaml }}
{{- $process := index $all .name }}
{{- $policy := .root.Values.networkPolicy }}
{{- range $caller, $callerProcess := $all }}
{{- if has $.name $callerProcess.calls }}
- from:
    - podSelector:
        matchLabels: {{- include "tonegate.selector" (dict "root" $.root "name" $caller) | nindent 10 }}
  ports: [{port: {{ $process.port }}}]
{{- end }}
{{- end }}
{{- if and (eq .name "gateway") $policy.clients }}
- from: {{- toYaml $policy.clients | nindent 4 }}
  ports: [{port: {{ $process.port }}}]
{{- end }}
{{- with $policy.metrics }}
- from: {{- toYaml . | nindent 4 }}
  ports: [{port: {{ $process.metricsPort }}}]
{{- end }}
{{- end }}

{{/* A rule for `ports` of `peers`. None without peers: a rule without them would allow every address. */}}
{{- define "tonegate.egressTo" -}}
{{- if .peers -}}
- to: {{- toYaml .peers | nindent 4 }}
  ports: {{- toYaml .ports | nindent 4 }}
{{- end }}
{{- end }}

{{/* Name resolution. */}}
{{- define "tonegate.egressToNames" -}}
{{- $ports := list (dict "port" 53 "protocol" "UDP") (dict "port" 53 "protocol" "TCP") }}
{{- include "tonegate.egressTo" (dict "peers" .Values.networkPolicy.dns "ports" $ports) }}
{{- end }}

{{/* Policy of a job, which calls one server. */}}
{{- define "tonegate.jobPolicy" }}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ include "tonegate.name" . }}
  labels: {{- include "tonegate.labels" . | nindent 4 }}
spec:
  podSelector:
    matchLabels: {{- include "tonegate.selector" . | nindent 6 }}
  policyTypes: [Ingress, Egress]
  egress:
    {{- with include "tonegate.egressToNames" .root }}
    {{- . | nindent 4 }}
    {{- end }}
    {{- with include "tonegate.egressTo" . }}
    {{- . | nindent 4 }}
    {{- end }}
{{- end }}
