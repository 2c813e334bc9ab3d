# shellcheck shell=bash
# After the restart: everything must run again without a hand, and leave nothing behind when it is taken away. Sourced by run.

units_are_active() {
  systemctl is-active skiff-master skiff-agent docker
  expect 'failed units' '' "$(systemctl --failed --no-legend)"
}

# Until the agent has looked, the API tells what was so before the restart.
run_since_the_boot() {
  local boot name started
  boot=$(date -u -d "@$(sed -n 's/^btime //p' /proc/stat)" +%FT%TZ)
  kube get pods -l app -o 'jsonpath={range .items[*]}{.metadata.name} {.status.containerStatuses[0].state.running.startedAt}{"\n"}{end}' |
    while read -r name started; do
      [[ $started > $boot ]] || { echo "$name has not run since $boot"; return 1; }
    done
}

all_runs() {
  eventually "$patience" api /readyz
  eventually "$patience" run_since_the_boot
  eventually "$patience" node_is_ready
  eventually "$patience" available
  eventually "$patience" pod_is tool 'Running true'
  eventually "$patience" pod_is privileged 'Running true'
  saw "$(cut -d . -f 1 /proc/uptime) s after the boot"
}

addresses_are_kept() {
  addresses >/var/tmp/addresses-after
  diff /var/tmp/addresses-before /var/tmp/addresses-after
  saw "pods' names and addresses, ClusterIPs, NodePorts"
}

still_answers() {
  eventually 60 says 'hello from hello-*' "http://$(cluster_ip hello)/"
  eventually 60 says 'hello from hello-*' "http://$(address):$(node_port hello)/"
  eventually 60 says 'hello from hello-*' http://hello.default.localhost/
  eventually 30 tool /bin/busybox sh -c 'printf "GET / HTTP/1.0\r\nHost: hello\r\n\r\n" | /bin/busybox nc hello 80 | /bin/busybox grep "hello from"'
  scripts/with-node scripts/show-blog.ts
}

purge() {
  npx skiff down --purge
  docker image rm skiff/agent-programs:1 skiff:local >/dev/null 2>&1 || true
  ls /var/lib/skiff /etc/systemd/system/skiff-* 2>/dev/null && return 1
  machine >/var/tmp/machine-after
  diff /var/tmp/machine-before /var/tmp/machine-after
}

# As the head of docker-compose.yml says, but for the image: Debian's own programs instead of an image of Docker Hub's.
compose() {
  scripts/with-node scripts/agent-image.ts
  docker tag skiff/agent-programs:1 skiff:local
  cat >/run/tree.yml <<EOF
services:
  master: { volumes: [/opt/skiff:/opt/skiff:ro], entrypoint: [/opt/skiff/packages/cli/bin/skiff] }
  agent: { volumes: [/opt/skiff:/opt/skiff:ro], entrypoint: [/opt/skiff/packages/cli/bin/skiff] }
EOF
  composed up -d master
  eventually "$patience" api /readyz
  local line
  line=$(docker exec "$(composed ps -q master)" /opt/skiff/packages/cli/bin/skiff token create)
  echo "$line"
  # shellcheck disable=SC2086 # words are wanted
  set -- $line
  expect 'the line that joins' 'skiff agent --join https://* --token *.* --ca-hash sha256:*' "$line"
  SKIFF_JOIN=$4 SKIFF_TOKEN=$6 SKIFF_CA_HASH=$8 composed up -d
  eventually "$patience" node_is_ready
  apply manifests/hello.yaml
  eventually "$patience" available
  eventually 60 says 'hello from hello-*' "http://$(cluster_ip hello)/"
  eventually 60 says 'hello from hello-*' "http://$(address):$(node_port hello)/"
  # Without the line that only the first start needs.
  composed up -d
  eventually "$patience" node_is_ready
  composed down
  purge
}

composed() { docker-compose -f docker-compose.yml -f /run/tree.yml "$@"; }

check 'after the restart: the units run' eventually 120 units_are_active
check 'after the restart: every pod runs again' all_runs
check 'after the restart: names and addresses are kept' addresses_are_kept
check 'after the restart: everything answers' still_answers
check 'after the restart: skiff doctor finds nothing' npx skiff doctor
check 'skiff down --purge leaves the machine as it was' purge
fact docker-compose "$(docker-compose version --short)"
case $(docker-compose version --short) in
  1.*) ;; # knows no systempaths=unconfined
  *) check 'docker-compose.yml: a master and an agent as containers' compose ;;
esac
