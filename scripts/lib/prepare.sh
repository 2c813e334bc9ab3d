# Shared by the scripts: what must be on this machine before anything of ours runs. Sourced, not run.
# Each function is idempotent, says what it does, and ends the script with one clear line when it can't.

root=$(CDPATH= cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)
with_node="$root/scripts/with-node"
skiff="$root/packages/cli/bin/skiff"
: "${DOCKER_HOST:=unix:///var/run/docker.sock}"

# Bold on a terminal only (https://no-color.org).
arrow='==>'
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then arrow=$'\033[1m==>\033[0m'; fi
say() { printf '%s %s\n' "$arrow" "$*"; }
fail() { printf 'skiff: %s\n' "$*" >&2; exit 1; }

# run_quietly WHAT COMMAND...: shows the command's output only when it fails.
run_quietly() {
  local what=$1 log
  shift
  log=$(mktemp)
  if ! "$@" >"$log" 2>&1; then
    { head -n 8 "$log"; tail -n +9 "$log" | tail -n 22; } >&2
    rm -f "$log"
    fail "$what failed (its output stands above)"
  fi
  rm -f "$log"
}

ensure_packages() {
  command -v npm >/dev/null || fail "npm is missing: install Node.js with npm (Debian: apt-get install npm)"
  local wanted
  wanted=$(cksum <"$root/package-lock.json")
  [ "$(cat "$root/node_modules/.skiff-lock" 2>/dev/null)" = "$wanted" ] && return
  say "installing npm packages"
  run_quietly "npm ci" npm --prefix "$root" ci --no-audit --no-fund --loglevel=error
  printf '%s\n' "$wanted" >"$root/node_modules/.skiff-lock"
}

build() {
  say "building"
  "$root/scripts/build" || fail "the build failed"
}

# Debian packages that are missing, told by a program of each.
missing_debian_packages() {
  local pair
  for pair in "$@"; do command -v "${pair#*:}" >/dev/null || printf '%s ' "${pair%%:*}"; done
}

install_debian_packages() {
  [ $# -eq 0 ] && return
  [ "$(id -u)" = 0 ] || fail "$* must be installed, and that needs root: sudo apt-get install $*"
  command -v apt-get >/dev/null || fail "$* must be installed; do so with this system's package manager"
  say "installing $*"
  export DEBIAN_FRONTEND=noninteractive
  apt-get install -y -qq --no-install-recommends "$@" >/dev/null 2>&1 ||
    { run_quietly "apt-get update" apt-get update -qq; run_quietly "apt-get install $*" apt-get install -y -qq --no-install-recommends "$@"; }
}

ensure_kernel_tools() {
  # shellcheck disable=SC2046 # words are wanted
  install_debian_packages $(PATH=$PATH:/usr/sbin:/sbin missing_debian_packages iproute2:ip nftables:nft iptables:iptables conntrack:conntrack)
}

docker_answers() {
  "$with_node" node -e '
    const [socketPath] = process.argv.slice(1)
    const ping = require("node:http").get({ socketPath, path: "/_ping", timeout: 3000 }, (answer) => process.exit(answer.statusCode === 200 ? 0 : 1))
    ping.on("error", () => process.exit(1)).on("timeout", () => process.exit(1))
  ' "${DOCKER_HOST#unix://}"
}

ensure_docker() {
  docker_answers && return
  [ "$(id -u)" = 0 ] || fail "no Docker Engine answers at $DOCKER_HOST: start it, or add yourself to the group docker"
  command -v dockerd >/dev/null || install_debian_packages docker.io
  if docker_answers; then return; fi # the package's own service started it
  say "starting the Docker Engine"
  if [ -d /run/systemd/system ]; then
    run_quietly "systemctl start docker" systemctl start docker
  else
    mkdir -p /var/log
    setsid dockerd --live-restore >>/var/log/dockerd.log 2>&1 </dev/null &
  fi
  local tries
  for tries in $(seq 1 100); do
    docker_answers && return
    sleep 0.2
  done
  fail "the Docker Engine did not start within 20 s; see /var/log/dockerd.log or journalctl -u docker"
}
