#!/usr/bin/env bash
# Builds the images muster/<service>, with Docker, or with buildah where there is no engine (as root; the image that the
# Dockerfile stands on is made by infra/base.sh if it is not there).
#   infra/images.sh                       all of them
#   infra/images.sh segments ops          these
#   BUILDER=docker|buildah                 which one, default: Docker if its engine answers, else buildah
#   TAG=1.2.0                              default: latest
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
tag="${TAG:-latest}"

fail() {
  echo "$1" >&2
  exit 1
}

# A folder of apps/ with a main.ts is a service or a command.
services() {
  local main
  for main in "$root"/apps/*/src/main.ts; do basename "$(dirname "$(dirname "$main")")"; done
}

builder() {
  if [ -n "${BUILDER:-}" ]; then echo "$BUILDER"
  elif docker info >/dev/null 2>&1; then echo docker
  elif command -v buildah >/dev/null; then echo buildah
  else fail 'Neither a Docker engine nor buildah: apt-get install buildah debootstrap'
  fi
}

with_docker() {
  docker build --quiet -f "$root/infra/Dockerfile" --build-arg "SERVICE=$1" -t "muster/$1:$tag" "$root"
}

# Certificates of this machine are lent to npm while it builds, for networks that put their own in between; they are in
# no image. The format is Docker's, for the health check.
with_buildah() {
  buildah bud --quiet --isolation chroot --pull-never --format docker --layers \
    --volume "$certificates:$certificates:ro" --volume "$npmrc:/usr/local/etc/npmrc:ro" \
    -f "$root/infra/Dockerfile" --build-arg "SERVICE=$1" -t "muster/$1:$tag" "$root" >"$log" 2>&1 || {
    tail -n 40 "$log" >&2
    fail "muster/$1: not built"
  }
}

known="$(services)"
wanted="${*:-$known}"
for service in $wanted; do
  grep -qx "$service" <<<"$known" || fail "There is no apps/$service. There are: $(tr '\n' ' ' <<<"$known")"
done

with="$(builder)"
case "$with" in
  docker) ;;
  buildah)
    for program in buildah debootstrap npm; do
      command -v "$program" >/dev/null || fail "$program is missing: apt-get install buildah debootstrap nodejs"
    done
    [ "$(id -u)" = 0 ] || fail 'buildah without an engine needs root here (debootstrap, --isolation chroot).'
    certificates=/etc/ssl/certs/ca-certificates.crt
    work="$(mktemp -d)"
    trap 'rm -rf "$work"' EXIT
    npmrc="$work/npmrc" log="$work/log"
    echo "cafile=$certificates" >"$npmrc"
    "$root/infra/base.sh"
    ;;
  *) fail "BUILDER is $with; it must be docker or buildah." ;;
esac

for service in $wanted; do
  started=$SECONDS
  "with_$with" "$service"
  echo "muster/$service:$tag in $((SECONDS - started)) s"
done
