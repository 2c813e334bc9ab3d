# shellcheck shell=bash
# Questions to the cluster, as its user would ask them. Sourced, not run.

socket=/var/lib/skiff/master/api.sock
export KUBECONFIG=/var/lib/skiff/master/admin.kubeconfig
# The emulator takes its time.
patience=600

api() { curl -sS --fail-with-body -m 60 --unix-socket "$socket" "http://skiff$1" "${@:2}"; }
apply() { api /apply --data-binary "@$1"; }

address() { ip -4 -o address show dev "$(ip -j route get 10.0.2.2 | sed 's/.*"dev":"\([^"]*\)".*/\1/')" | sed 's/.*inet \([0-9.]*\).*/\1/'; }

kube() { kubectl --request-timeout=60s "$@"; }
node_is_ready() { expect 'node Ready' True "$(kube get nodes -o 'jsonpath={.items[*].status.conditions[?(@.type=="Ready")].status}')"; }

available() {
  local wanted
  wanted=$(kube get deployments -o 'jsonpath={range .items[*]}{.metadata.name}={.spec.replicas}/{.status.availableReplicas} {end}')
  [ -n "$wanted" ] || return 1
  for one in $wanted; do
    one=${one#*=}
    [ "${one%/*}" = "${one#*/}" ] || { echo "$wanted"; return 1; }
  done
}

pod_is() { expect "$1" "$2" "$(kube get pod "$1" -o "jsonpath={.status.phase} {.status.containerStatuses[0].ready}")"; }
cluster_ip() { kube get service "$1" -o 'jsonpath={.spec.clusterIP}'; }
node_port() { kube get service "$1" -o 'jsonpath={.spec.ports[0].nodePort}'; }
answers() { curl -sS --fail -m 20 "$1"; }
says() { expect "$2" "$1" "$(answers "$2")"; }
# Everything that a restart should keep: names, addresses, ports.
addresses() {
  kube get pods -l 'app' -o 'jsonpath={range .items[*]}{.metadata.name} {.status.podIP}{"\n"}{end}' | sort
  kube get services -o 'jsonpath={range .items[*]}{.metadata.name} {.spec.clusterIP} {.spec.ports[0].nodePort}{"\n"}{end}' | sort
}
tool() { kube exec tool -- "$@"; }

# What a machine has besides files of the system: compared before the first start and after `down --purge`.
machine() {
  docker ps -aq --no-trunc
  docker network ls --format '{{.Name}} {{.Driver}}' | sort
  docker volume ls -q
  docker images --format '{{.Repository}}:{{.Tag}}' | sort
  nft list tables
  # In iptables' words: an empty chain that accepts is the same as none.
  for table in filter nat; do iptables -t "$table" -S; done
  ip -br link | awk '{ print $1, $2 }'
  ip -4 -br address
  ip -4 route | sed 's/ *$//' | sort
  ip -4 rule
  sysctl net.ipv4.ip_forward
  systemctl list-unit-files --state=enabled --no-legend
  systemctl --failed --no-legend
  findmnt -rno TARGET | grep -v '^/run/' | sort
  find /etc /root /usr /home /srv /var/lib -xdev -newer /var/tmp/installed ! -type d \
    -not -path '/root/.kube/cache/*' -not -path '/var/lib/docker/*' -not -path '/var/lib/containerd/*' -not -path '/var/lib/systemd/*' | sort
}
