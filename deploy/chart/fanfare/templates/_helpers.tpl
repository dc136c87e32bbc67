{{- define "fanfare.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "fanfare.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else if contains (include "fanfare.name" .) .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "fanfare.name" .) | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "fanfare.selector" -}}
app.kubernetes.io/name: {{ include "fanfare.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "fanfare.labels" -}}
{{ include "fanfare.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "fanfare.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "fanfare.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "fanfare.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{- define "fanfare.secretName" -}}
{{- if .Values.publishKey.existingSecret -}}
{{- .Values.publishKey.existingSecret -}}
{{- else -}}
{{- printf "%s-publish-key" (include "fanfare.fullname" .) -}}
{{- end -}}
{{- end -}}

{{- define "fanfare.hasPublishKey" -}}
{{- if or .Values.publishKey.existingSecret .Values.publishKey.value -}}yes{{- end -}}
{{- end -}}

{{- /* MiB: base + history + bus + streams x perStreamKiB, rounded up. */ -}}
{{- define "fanfare.memoryMiB" -}}
{{- $m := .Values.memory -}}
{{- $streams := div (add (mul (int64 .Values.streams) (int64 $m.perStreamKiB)) 1023) 1024 -}}
{{- add (int64 $m.baseMiB) (int64 $m.historyMiB) (int64 $m.busMiB) $streams -}}
{{- end -}}

{{- /* What the schema cannot say of two values together. */ -}}
{{- define "fanfare.check" -}}
{{- $v := .Values -}}
{{- $keys := or (include "fanfare.hasPublishKey" .) $v.keys -}}
{{- if and (not $keys) (not $v.insecure) -}}
{{- fail "\n\nWithout a key anyone who reaches the Service may publish. Set publishKey.existingSecret to the name of a Secret, or keys, or insecure=true behind a firewall." -}}
{{- end -}}
{{- if and $v.publishKey.existingSecret $v.publishKey.value -}}
{{- fail "\n\npublishKey has both existingSecret and value: leave one out." -}}
{{- end -}}
{{- if and (eq $v.seccomp.type "Localhost") (not $v.seccomp.localhostProfile) -}}
{{- fail "\n\nseccomp.type Localhost needs seccomp.localhostProfile, a path below /var/lib/kubelet/seccomp such as profiles/fanfare-io-uring.json." -}}
{{- end -}}
{{- if and (ne $v.seccomp.type "Localhost") $v.seccomp.localhostProfile -}}
{{- fail "\n\nseccomp.localhostProfile is only used with seccomp.type Localhost." -}}
{{- end -}}
{{- if and $v.proxyProtocol (not $v.trustedProxies) -}}
{{- fail "\n\nproxyProtocol needs trustedProxies: whoever may send it chooses the client's address." -}}
{{- end -}}
{{- if and $v.httpRoute.enabled (not $v.httpRoute.parentRefs) -}}
{{- fail "\n\nhttpRoute.enabled needs httpRoute.parentRefs: the Gateway that it belongs to." -}}
{{- end -}}
{{- if and (eq $v.cors.owner "gateway") $v.cors.origins (not $v.httpRoute.enabled) -}}
{{- fail "\n\ncors.owner gateway writes cors.origins into the HTTPRoute: it needs httpRoute.enabled." -}}
{{- end -}}
{{- if and (eq $v.service.type "ClusterIP") $v.service.externalTrafficPolicy -}}
{{- fail "\n\nservice.externalTrafficPolicy is for NodePort and LoadBalancer." -}}
{{- end -}}
{{- end -}}

{{- define "fanfare.resources" -}}
{{- $memory := include "fanfare.memoryMiB" . -}}
requests:
  cpu: {{ .Values.cpu.request | quote }}
  memory: {{ $memory }}Mi
limits:
  memory: {{ $memory }}Mi
  {{- with .Values.cpu.limit }}
  cpu: {{ . | quote }}
  {{- end }}
{{- end -}}

{{- define "fanfare.mounts" -}}
- {name: config, mountPath: /etc/fanfare, readOnly: true}
{{- if or (include "fanfare.hasPublishKey" .) .Values.keys }}
- {name: keys, mountPath: /run/secrets/fanfare, readOnly: true}
{{- end }}
{{- if .Values.socket.enabled }}
- {name: socket, mountPath: {{ .Values.socket.mountPath }}}
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}
