{{- /* One instance's label set: what selects its pods. Takes {root, name}. */ -}}
{{- define "muster.selector" -}}
app.kubernetes.io/name: muster-{{ .name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- end }}

{{- define "muster.labels" -}}
{{ include "muster.selector" . }}
app.kubernetes.io/part-of: muster
app.kubernetes.io/version: {{ .root.Values.image.tag | default .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end }}

{{- define "muster.fullname" -}}
{{ printf "%s-%s" .root.Release.Name .name | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "muster.image" -}}
{{ .root.Values.image.registry }}/{{ .name }}:{{ .root.Values.image.tag | default .root.Chart.AppVersion }}
{{- end }}

{{- define "muster.secretVariable" -}}
- name: {{ .variable }}
  valueFrom:
    secretKeyRef: { name: {{ .root.Values.secretName }}, key: {{ .variable }} }
{{- end }}

{{- /* What leads to Kafka: for the services and for the command that makes the topics. */ -}}
{{- define "muster.kafkaEnvironment" -}}
{{- $kafka := .root.Values.kafka -}}
- { name: KAFKA_BROKERS, value: {{ required "kafka.brokers: name at least one host:port" (join "," $kafka.brokers) | quote }} }
- { name: KAFKA_SSL, value: {{ ternary "on" "off" $kafka.ssl | quote }} }
- { name: KAFKA_REPLICATION_FACTOR, value: {{ $kafka.replicationFactor | quote }} }
- { name: KAFKA_MIN_INSYNC_REPLICAS, value: {{ $kafka.minInsyncReplicas | quote }} }
{{- if $kafka.saslMechanism }}
- { name: KAFKA_SASL_MECHANISM, value: {{ $kafka.saslMechanism | quote }} }
{{ include "muster.secretVariable" (dict "root" .root "variable" "KAFKA_USERNAME") }}
{{ include "muster.secretVariable" (dict "root" .root "variable" "KAFKA_PASSWORD") }}
{{- end }}
{{- end }}

{{- /* Nobody in particular, nothing to write to, no rights. */ -}}
{{- define "muster.podSecurity" -}}
runAsNonRoot: true
runAsUser: 1000
runAsGroup: 1000
fsGroup: 1000
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "muster.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}
