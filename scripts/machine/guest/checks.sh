# shellcheck shell=bash
# How a check is written down: a line of tab-separated fields. Sourced, not run.
#   fact   NAME     VALUE
#   ok     SECONDS  NAME   what was seen
#   FAILED SECONDS  NAME   last words

words=$(mktemp)
seen=$(mktemp)
failures=0

fact() { printf 'fact\t%s\t%s\n' "$1" "$2"; }

# check NAME COMMAND...: whether the command succeeds. A failure doesn't end the run.
check() {
  local name=$1 begin=$SECONDS status
  shift
  : >"$words"
  : >"$seen"
  (
    set -eo pipefail
    "$@"
  ) >"$words" 2>&1 </dev/null
  status=$?
  if [ "$status" = 0 ]; then
    printf 'ok\t%s\t%s\t%s\n' $((SECONDS - begin)) "$name" "$(one_line <"$seen")"
  else
    failures=$((failures + 1))
    printf 'FAILED\t%s\t%s\t%s\n' $((SECONDS - begin)) "$name" "$(tail -n 3 "$words" | one_line)"
    sed 's/^/log\t/' "$words" | tail -n 40
  fi
}

one_line() { tr -s '\t\r\n' '   ' | sed 's/ *$//' | cut -c 1-400; }

# saw WORDS...: shown beside the check that holds.
saw() { printf '%s ' "$*" >>"$seen"; }

# expect WHAT WANTED FOUND: FOUND must match the pattern WANTED.
expect() {
  # shellcheck disable=SC2053 # a pattern is wanted
  if [[ $3 == $2 ]]; then return; fi
  echo "$1: expected $2, found ${3:-nothing}"
  return 1
}

# eventually SECONDS COMMAND...: asks until it succeeds.
eventually() {
  local until=$((SECONDS + $1)) answer
  shift
  until answer=$("$@" 2>&1); do
    if [ $SECONDS -ge $until ]; then
      printf '%s\n%s\n' "$answer" "not within the time given: $*"
      return 1
    fi
    sleep 1
  done
  printf '%s\n' "$answer"
}

# What tells why, for whoever reads the log: only when something failed.
say_journal() {
  [ "$failures" = 0 ] && return
  {
    systemctl --no-pager --failed
    journalctl --no-pager -b -o cat -u skiff-master -u skiff-agent | tail -n 150
    journalctl --no-pager -b -o cat -u docker | tail -n 40
    kubectl get nodes,pods,services,endpointslices -A -o wide
    kubectl get events -A | tail -n 40
  } 2>&1 | sed 's/^/log\t/'
}
