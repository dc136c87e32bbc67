#!/bin/sh
# host_figures.sh: this machine's own load figures as JSON events, one per figure and second.
#
#   host_figures.sh            publishes to host/load, host/cpu, host/memory and host/net by `fanfare pub`
#   host_figures.sh --print    prints them instead, as the lines that POST /events takes
#
# FANFARE names the binary, FANFARE_URL the broker. Ends when its parent ends, or the broker goes.
# One awk reads /proc; the traffic of all interfaces counts, the loopback too.
export LC_ALL=C
exec awk -v parent="$PPID" -v fanfare="${FANFARE:-fanfare}" -v printing="${1:-}" \
  -v url="${FANFARE_URL:-http://127.0.0.1:8080}" '
function publish(topic, json,  command) {
  if (printing == "--print") {
    printf "{\"topic\":\"%s\",\"data\":%s}\n", topic, json
    fflush()
    return
  }
  command = "exec \"" fanfare "\" pub --url \"" url "\" --json " topic
  print json | command
  fflush(command)
}
function load(  line, f) {
  getline line < "/proc/loadavg"; close("/proc/loadavg")
  split(line, f, /[ \/]/)
  publish("host/load", sprintf("{\"load1\":%s,\"load5\":%s,\"load15\":%s,\"running\":%s}",
                               f[1], f[2], f[3], f[4]))
}
function cpu(  line, f, i, total, idle, cores) {
  while ((getline line < "/proc/stat") > 0 && line ~ /^cpu/) {
    if (line ~ /^cpu[0-9]/) { cores++; continue }
    split(line, f)
    for (i = 2; i <= 9; i++) total += f[i]
    idle = f[5] + f[6]
  }
  close("/proc/stat")
  if (cpu_total && total > cpu_total)
    publish("host/cpu", sprintf("{\"busy_percent\":%.1f,\"cores\":%d}",
                                100 * (1 - (idle - cpu_idle) / (total - cpu_total)), cores))
  cpu_total = total; cpu_idle = idle
}
function memory(  line, f, total, available) {
  while ((getline line < "/proc/meminfo") > 0) {
    split(line, f)
    if (f[1] == "MemTotal:") total = f[2] * 1024
    if (f[1] == "MemAvailable:") { available = f[2] * 1024; break }
  }
  close("/proc/meminfo")
  publish("host/memory",
          sprintf("{\"used_bytes\":%.0f,\"total_bytes\":%.0f,\"used_percent\":%.1f}",
                  total - available, total, 100 * (total - available) / total))
}
function net(  line, f, received, sent) {
  while ((getline line < "/proc/net/dev") > 0) {
    if (line !~ /:/) continue
    sub(/^.*:/, "", line)
    split(line, f)
    received += f[1]; sent += f[9]
  }
  close("/proc/net/dev")
  if (seconds)
    publish("host/net", sprintf("{\"received_bytes_per_s\":%.0f,\"sent_bytes_per_s\":%.0f}",
                                received - net_received, sent - net_sent))
  net_received = received; net_sent = sent
}
function parent_lives(  file, line, alive) {
  file = "/proc/" parent "/stat"
  alive = (getline line < file) > 0 && line !~ /\) Z /
  close(file)
  return alive
}
BEGIN {
  while (parent_lives()) {
    load(); cpu(); memory(); net()
    seconds++
    if (system("sleep 1") != 0) exit
  }
}'
