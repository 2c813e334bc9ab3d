# shellcheck shell=bash
# The machine's first boot: README's "On real machines", then what an emulated machine shows and the tests' hosts can't.
# Ends before the restart. Sourced by run.

first_facts() {
  # shellcheck disable=SC1091 # the machine's own
  fact Debian "$(. /etc/os-release && echo "$VERSION")"
  fact kernel "$(uname -r)"
  fact systemd "$(systemctl --version | sed -n '1s/systemd \([0-9]*\).*/\1/p')"
  fact Engine "$(docker version --format '{{.Server.Version}} (API {{.Server.APIVersion}})')"
  fact storage "$(docker info --format '{{.Driver}}')"
  fact cgroup "$(docker info --format 'v{{.CgroupVersion}} ({{.CgroupDriver}})')"
  fact nftables "$(nft --version | sed 's/nftables v\([0-9.]*\).*/\1/')"
  fact iptables "$(iptables --version | sed 's/iptables v//')"
  fact AppArmor "$(cat /sys/module/apparmor/parameters/enabled)"
  fact kubectl "$(kubectl version --client 2>/dev/null | sed -n 's/Client Version: //p')"
}

docker_answers() { docker info --format '{{.ServerVersion}}'; }

doctor_before() {
  local found
  found=$(npx skiff doctor || true)
  echo "$found"
  expect problems '*1 problem.' "$found"
  expect cure '*live-restore": true} into /etc/docker/daemon.json, then "systemctl reload docker"*' "$found"
  # So it is done as it says.
  mkdir -p /etc/docker
  echo '{"live-restore": true}' >/etc/docker/daemon.json
  systemctl reload docker
  eventually 30 npx skiff doctor
}

install_master() {
  npx skiff master --install-service
  eventually "$patience" api /readyz
  systemctl is-active skiff-master
}

install_agent() {
  local line
  line=$(npx skiff token create)
  echo "$line"
  expect 'the line that joins' 'skiff agent --join https://*:6443 --token * --ca-hash sha256:*' "$line"
  # shellcheck disable=SC2086 # words are wanted, as typed
  npx $line --install-service
  ! grep -q -- --token /etc/systemd/system/skiff-agent.service
  eventually "$patience" node_is_ready
}

units_verify() {
  local words
  words=$(systemd-analyze verify /etc/systemd/system/skiff-master.service /etc/systemd/system/skiff-agent.service 2>&1)
  expect 'systemd-analyze verify' '' "$(echo "$words" | grep skiff || true)"
}

sample_images() {
  tar -C / -c "$(readlink -f /usr/bin/busybox | cut -c 2-)" --transform 's|.*|bin/busybox|' |
    docker import --change 'ENTRYPOINT ["/bin/busybox"]' - machine/busybox:1
  scripts/with-node scripts/sample-images.ts
}

hello_over_http() {
  apply manifests/hello.yaml
  eventually "$patience" available
}

hello_answers() {
  local ip port
  ip=$(cluster_ip hello)
  port=$(node_port hello)
  eventually 60 says 'hello from hello-*' "http://$ip/"
  says 'hello from hello-*' "http://$(address):$port/"
  says 'hello from hello-*' "http://127.0.0.1:$port/"
  says 'hello from hello-*' http://hello.default.localhost/
  saw "http://$ip/, http://$(address):$port/, http://127.0.0.1:$port/, http://hello.default.localhost/"
}

tool_pod() {
  apply scripts/machine/guest/pods.yaml
  eventually "$patience" pod_is tool 'Running true'
}

service_names() {
  local lookup
  lookup=$(tool /bin/busybox nslookup hello.default.svc.cluster.local)
  echo "$lookup"
  expect 'DNS answer' "*$(cluster_ip hello)*" "$lookup"
  eventually 30 tool /bin/busybox sh -c 'printf "GET / HTTP/1.0\r\nHost: hello\r\n\r\n" | /bin/busybox nc hello 80 | /bin/busybox grep "hello from"'
}

exec_and_logs() {
  expect 'exec' 'as typed' "$(tool /bin/busybox echo as typed)"
  expect 'kubectl logs' '*tool is up*' "$(kube logs tool)"
  expect 'skiff logs' '*tool is up*' "$(npx skiff logs tool)"
  expect 'logs through the service' 'hello listens on port 80' "$(kube logs deployment/hello | head -1)"
}

# What the kernel says of a pod's first process.
status_of() { kube exec "$1" -- /bin/busybox sed -n "s/^$2:[[:space:]]*//p" /proc/1/status; }
process_of() { docker inspect --format '{{.State.Pid}}' "$(docker ps -q --filter "label=io.kubernetes.pod.name=$1" --filter "label=io.kubernetes.container.name=$2")"; }

limits_in_cgroup() {
  local group
  group=/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$(process_of limited main)/cgroup")
  echo "$group"
  expect memory.max 67108864 "$(cat "$group/memory.max")"
  expect memory.swap.max 0 "$(cat "$group/memory.swap.max")"
  expect cpu.max '20000 100000' "$(cat "$group/cpu.max")"
  expect 'seen inside' 67108864 "$(kube exec limited -- /bin/busybox cat /sys/fs/cgroup/memory.max)"
  saw "memory.max 64Mi, cpu.max 20000/100000, cpu.weight $(cat "$group/cpu.weight")"
}

group_of() { sed -n 's/^0:://p' "/proc/$(process_of "$1" "$2")/cgroup"; }
shared_runs() { expect shared 'true true' "$(kube get pod shared -o 'jsonpath={.status.containerStatuses[*].ready}')"; }
shared_has() { expect memory.max "$1" "$(cat "/sys/fs/cgroup$(dirname "$(group_of shared one)")/memory.max")"; }
# A slice of its own around both containers, whose limits change in place.
pod_in_slice() {
  local slice
  eventually "$patience" shared_runs
  slice=$(dirname "$(group_of shared one)")
  echo "$slice"
  expect 'a slice of the pod' '/system.slice/system-skiff_*_pod*.slice' "$slice"
  expect 'the same for both' "$slice" "$(dirname "$(group_of shared two)")"
  shared_has 67108864
  expect memory.swap.max 0 "$(cat "/sys/fs/cgroup$slice/memory.swap.max")"
  # 333m: systemd keeps whole percents.
  expect cpu.max '34000 100000' "$(cat "/sys/fs/cgroup$slice/cpu.max")"
  kube patch pod shared --subresource resize -p '{"spec":{"resources":{"limits":{"memory":"96Mi"}}}}'
  eventually 60 shared_has 100663296
  saw "${slice##*/}: memory.max 64Mi, then 96Mi, cpu.max 34000/100000, cpu.weight $(cat "/sys/fs/cgroup$slice/cpu.weight")"
}

is_oom_killed() { expect reason OOMKilled "$(kube get pod greedy -o 'jsonpath={.status.containerStatuses[0].state.terminated.reason}')"; }

oom_scores() {
  expect 'sandbox' -998 "$(cat "/proc/$(process_of limited POD)/oom_score_adj")"
  expect 'guaranteed container' -997 "$(cat "/proc/$(process_of limited main)/oom_score_adj")"
  expect 'best-effort container' 1000 "$(cat "/proc/$(process_of tool main)/oom_score_adj")"
}

privileged_pod() {
  eventually "$patience" pod_is privileged 'Running true'
  # Engine 20.10 doesn't know the three newest.
  expect 'capabilities' '*3fffffffff' "$(status_of privileged CapEff | sed s/1ff/03f/)"
  kube exec privileged -- /bin/busybox sh -c '/bin/busybox mkdir -p /tmp/m && /bin/busybox mount -t tmpfs none /tmp/m && /bin/busybox test -b /dev/vda && /bin/busybox umount /tmp/m'
  expect "the host's name" machine "$(kube exec privileged -- /bin/busybox cat /host/etc/hostname)"
  saw 'all capabilities, mounts, sees /dev/vda'
}

app_armor() {
  expect 'default' 'docker-default (enforce)' "$(kube exec tool -- /bin/busybox cat /proc/1/attr/current)"
  expect 'Unconfined' 'unconfined' "$(kube exec unconfined -- /bin/busybox cat /proc/1/attr/current)"
  expect 'privileged' 'unconfined' "$(kube exec privileged -- /bin/busybox cat /proc/1/attr/current)"
  saw "default: docker-default (enforce); Unconfined and privileged: unconfined"
}

seccomp() {
  expect 'RuntimeDefault' 2 "$(status_of limited Seccomp)"
  expect 'privileged' 0 "$(status_of privileged Seccomp)"
}

restarts() { kube get pod "$1" -o 'jsonpath={.status.containerStatuses[0].restartCount}'; }
was_restarted() { expect 'restarts' '[1-9]*' "$(restarts "$1")"; }
liveness() {
  eventually "$patience" was_restarted unwell
  expect event '*Liveness probe failed*' "$(kube get events --field-selector involvedObject.name=unwell -o 'jsonpath={.items[*].message}')"
  # Its restarts would go on.
  kube delete pod unwell --wait=false
}

blog() {
  apply manifests/blog.yaml
  scripts/with-node scripts/show-blog.ts || scripts/with-node scripts/show-blog.ts
}

# Not the blog's: its liveness probes allow a second, which is little for an emulated processor.
container_ids() { docker ps --format '{{.Label "io.kubernetes.pod.name"}} {{.ID}}' | grep -E '^(hello|tool|limited|privileged)' | sort; }

# restart_keeps UNIT: pods go on, and Services answer, when that unit is restarted.
restart_keeps() {
  local before
  before=$(container_ids)
  systemctl restart "$1"
  eventually "$patience" node_is_ready
  eventually "$patience" says 'hello from hello-*' "http://$(cluster_ip hello)/"
  eventually "$patience" says 'hello from hello-*' "http://$(address):$(node_port hello)/"
  container_ids | diff <(echo "$before") -
}

peer_route() { expect 'route to the other host' '*via 10.0.2.99*' "$(ip route show 10.244.99.0/24)"; }
peer_joins() {
  kube create -f scripts/machine/guest/peer.yaml
  kube patch node peer --subresource=status --type=merge -p '{"status":{"addresses":[{"type":"InternalIP","address":"10.0.2.99"}]}}'
  eventually 60 peer_route
}
routes_come_back() {
  peer_joins
  systemctl restart systemd-networkd
  ip route flush proto 145
  eventually 60 peer_route
  eventually 60 says 'hello from hello-*' "http://$(cluster_ip hello)/"
  kube delete node peer
}

rules_come_back() {
  nft flush ruleset
  eventually 60 says 'hello from hello-*' "http://$(address):$(node_port hello)/"
  eventually 60 says 'hello from hello-*' "http://$(cluster_ip hello)/"
  # As whoever flushed the rules must do for Docker's own.
  systemctl restart docker
  eventually "$patience" node_is_ready
  eventually 60 says 'hello from hello-*' "http://$(cluster_ip hello)/"
}

doctor_is_clean() { npx skiff doctor; }

first_facts
touch /var/tmp/installed
check 'Docker answers' eventually 120 docker_answers
check 'skiff doctor names what is missing, and its cure works' doctor_before
check "the sample's images are built without a registry" sample_images
machine >/var/tmp/machine-before
check 'skiff master --install-service' install_master
check 'the line of skiff token create, with --install-service' install_agent
check 'systemd-analyze verify finds nothing in the units' units_verify
check 'hello, applied by curl' hello_over_http
check 'hello answers: ClusterIP, NodePort, gateway' hello_answers
check 'a pod with a shell' tool_pod
check 'Service names in a pod' service_names
check 'exec and logs' exec_and_logs
check 'limits in cgroup v2' limits_in_cgroup
check 'a pod of its own resources is a slice' pod_in_slice
check 'a container over its memory is OOMKilled' eventually "$patience" is_oom_killed
check 'OOM scores, negative ones too' oom_scores
check 'a privileged pod' privileged_pod
check 'AppArmor profiles' app_armor
check 'seccomp profiles' seccomp
check 'a failing liveness probe restarts' liveness
check 'the blog answers' blog
check 'pods outlive systemctl restart docker' restart_keeps docker
check 'pods outlive systemctl restart skiff-agent' restart_keeps skiff-agent
check 'pods outlive systemctl restart skiff-master' restart_keeps skiff-master
check 'routes come back when systemd-networkd takes them away' routes_come_back
check 'rules come back after nft flush ruleset' rules_come_back
check 'skiff doctor finds nothing' doctor_is_clean
addresses >/var/tmp/addresses-before
