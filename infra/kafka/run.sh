#!/usr/bin/env bash
# A real Apache Kafka broker (KRaft, one node) without containers. Needs Java >= 17, and Maven the first time.
#   run.sh fetch                                   gets the jars (54 MB) into lib/
#   run.sh [port] [controller port] [data folder]  runs until it is killed; goes on with what the folder holds
# With USERS_PORT, on that port one has to be a user: `plain` (PLAIN) or `scram` (SCRAM-SHA-256), password `secret`.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"

fetch() {
  [ -d "$here/lib" ] && return
  command -v mvn >/dev/null || { echo 'Maven is missing: it gets the jars of Kafka (apt-get install maven).' >&2; exit 1; }
  # Under another name first: a fetch that was cut off leaves no half of a broker behind.
  local part="$here/data/lib.$$"
  mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies -DoutputDirectory="$part" -DincludeScope=runtime
  mv -T "$part" "$here/lib" 2>/dev/null || rm -rf "$part"
}

command -v java >/dev/null || { echo 'Java is missing: Kafka needs version 17 or newer.' >&2; exit 1; }
fetch
[ "${1:-}" = fetch ] && exit 0

port="${1:-9092}"
controller_port="${2:-9093}"
data="${3:-$here/data}"
config="$data/server.properties"
java=(java -Dlog4j2.configurationFile="file:$here/log4j2.properties" -Djava.awt.headless=true -cp "$here/lib/*")

mkdir -p "$data"
users=()
[ -n "${USERS_PORT:-}" ] && users=("$here/users.properties")
# What stands further down counts.
cat "$here/server.properties" ${users[@]+"${users[@]}"} | sed -e "s|@PORT@|$port|g" \
  -e "s|@CONTROLLER_PORT@|$controller_port|g" -e "s|@USERS_PORT@|${USERS_PORT:-}|g" -e "s|@DATA@|$data|g" >"$config"
if [ ! -f "$data/log/meta.properties" ]; then
  "${java[@]}" kafka.tools.StorageTool format -t AAAAAAAAQACAAAAAAAAAAQ -c "$config" \
    --add-scram 'SCRAM-SHA-256=[name=scram,password=secret]' >/dev/null
fi
# KAFKA_OPTS: more for the JVM, such as -XX:TieredStopAtLevel=1 where a quick start counts.
# shellcheck disable=SC2086
exec "${java[@]}" ${KAFKA_OPTS:-} -Xms256m -Xmx1g -XX:+UseG1GC kafka.Kafka "$config"
