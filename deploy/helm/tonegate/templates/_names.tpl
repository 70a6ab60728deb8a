{{/* Templates that take a process are given a dict with `root` and `name`, the process's name. */}}

{{- define "tonegate.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride }}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" }}
{{- else if contains $name .Release.Name }}
{{- .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{/* Name of the objects of a process, and of its host. */}}
{{- define "tonegate.name" -}}
{{ include "tonegate.fullname" .root }}-{{ .name }}
{{- end }}

{{/* Labels of all pods of this release. */}}
{{- define "tonegate.releaseLabels" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* Labels that select the pods of a process. */}}
{{- define "tonegate.selector" -}}
{{ include "tonegate.releaseLabels" .root }}
app.kubernetes.io/component: {{ .name }}
{{- end }}

{{- define "tonegate.labels" -}}
{{ include "tonegate.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: tonegate
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "tonegate.image" -}}
{{- with .root.Values.image }}
{{- if .registry }}{{ .registry }}/{{ end }}{{ .repository }}/{{ $.name }}:{{ default $.root.Chart.AppVersion .tag }}
{{- end }}
{{- end }}

{{/* URL of a process for the others. */}}
{{- define "tonegate.url" -}}
{{- $process := index (include "tonegate.processes" .root | fromYaml) .name }}
{{- ternary "https" "http" .root.Values.tls.enabled }}://{{ include "tonegate.name" . }}:{{ $process.port }}
{{- end }}
