{{/* The name of one service's objects. Takes a dict of root and service. */}}
{{- define "waybill.name" -}}
{{ printf "%s-%s" .root.Release.Name .service | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* What selects the pods of one service. */}}
{{- define "waybill.selector" -}}
app.kubernetes.io/name: waybill
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .service }}
{{- end }}

{{- define "waybill.labels" -}}
{{ include "waybill.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{- define "waybill.image" -}}
{{ printf "%s/%s:%s" .root.Values.image.repository .service (.root.Values.image.tag | default .root.Chart.AppVersion) }}
{{- end }}

{{/* The address of a service's gRPC: a headless name stands for every instance. */}}
{{- define "waybill.grpc" -}}
{{ printf "dns:///%s:50051" (include "waybill.name" .) }}
{{- end }}

{{/* An environment variable from a secret. Takes a dict of name and secret. */}}
{{- define "waybill.secretEnv" -}}
- name: {{ .name }}
  valueFrom:
    secretKeyRef:
      name: {{ .secret.name }}
      key: {{ .secret.key }}
{{- end }}

{{/* The settings of one service's process, as env entries. */}}
{{- define "waybill.env" -}}
- name: LOG_LEVEL
  value: {{ .root.Values.logLevel | quote }}
{{- if eq .service "gateway" }}
{{ include "waybill.secretEnv" (dict "name" "API_KEYS" "secret" .root.Values.apiKeysSecret) }}
{{- else }}
{{ include "waybill.secretEnv" (dict "name" "MONGODB_URL" "secret" .root.Values.mongodb.urlSecret) }}
- name: KAFKA_BROKERS
  value: {{ .root.Values.kafka.brokers | quote }}
- name: TOPIC_PREFIX
  value: {{ .root.Values.kafka.topicPrefix | quote }}
- name: TOPIC_PARTITIONS
  value: {{ .root.Values.kafka.topicPartitions | quote }}
- name: TOPIC_REPLICAS
  value: {{ .root.Values.kafka.topicReplicas | quote }}
- name: SANDBOX
  value: {{ .root.Values.sandbox | quote }}
{{- end }}
{{- if eq .service "callbacks" }}
{{ include "waybill.secretEnv" (dict "name" "SECRETS_KEY" "secret" .root.Values.secretsKeySecret) }}
{{- end }}
{{- $root := .root }}
{{- range $peer := list "orders" "line-items" "groupings" "callbacks" }}
- name: {{ printf "%s_ADDRESS" ($peer | upper | replace "-" "_") }}
  value: {{ include "waybill.grpc" (dict "root" $root "service" $peer) | quote }}
{{- end }}
{{- range $name, $value := (index .root.Values.services .service).env }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}

{{- define "waybill.podSecurity" -}}
runAsNonRoot: true
runAsUser: 1000
runAsGroup: 1000
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "waybill.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "waybill.pullSecrets" -}}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end }}
