#!/bin/sh
# Written by skyctl onto a machine of a cloud: starts this replica, tells how far it is, and ends
# the machine when nobody has asked for it for a long time.
#
# Beside it: boot.env (what it needs to know), env and secrets (what the service gets), join and
# session (who it is). The SKYCTL_* variables below are for trying it out on another machine.
set -u
umask 077
root=${SKYCTL_ROOT:-/opt/skyctl}
metadata=${SKYCTL_METADATA:-http://169.254.169.254}
poweroff=${SKYCTL_POWEROFF:-systemctl poweroff}
beat=${SKYCTL_BEAT:-30}
look=${SKYCTL_LOOK:-5}
. "$root/boot.env"

seconds_up() { cut -d' ' -f1 /proc/uptime; }
now() { cut -d. -f1 /proc/uptime; }

# Tokens are given to curl in files: a command line can be read by everybody on the machine.
ask() { # FILE_WITH_TOKEN PATH [BODY]
  curl -fsS -m 20 -X POST -H @"$root/$1" -H 'Content-Type: text/plain' \
    --data-binary "${3-}" "$ADVERTISE_URL$2"
}

tell() { # PATH [BODY]: never in the way of what the machine is for
  if [ -n "$ADVERTISE_URL" ]; then ask session "$1" "${2-}" >/dev/null 2>&1; fi
}

mark() { tell "/v1/join/mark?name=$1&up=$(seconds_up)" "${2-}"; }

end_machine() {
  echo "skyctl: $1; this machine ends itself" >&2
  $poweroff
  exit 1
}

join() {
  since=$(now)
  nonce=$(cat /proc/sys/kernel/random/uuid) # the same machine may ask again, no other
  until ask join /v1/join "$nonce" >"$root/secrets.new" 2>"$root/join.error"; do
    if [ $(($(now) - since)) -ge "$DEAD_AFTER" ]; then end_machine "the control plane did not answer"; fi
    sleep "$look"
  done
  sed -n 's/^#session /Authorization: Bearer /p' "$root/secrets.new" >"$root/session"
  mv "$root/secrets.new" "$root/secrets"
  rm -f "$root/join"
}

# A control plane that is gone would never end this machine: then it does so itself.
keep_alive() {
  heard=$(now)
  while sleep "$beat"; do
    if tell /v1/join/alive; then heard=$(now); fi
    if [ $(($(now) - heard)) -ge "$DEAD_AFTER" ]; then end_machine "the control plane is gone"; fi
  done
}

watch_aws() {
  while sleep "$look"; do
    token=$(curl -fsS -m 5 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' \
      "$metadata/latest/api/token" 2>/dev/null) || continue
    notice=$(curl -fsS -m 5 -H "X-aws-ec2-metadata-token: $token" \
      "$metadata/latest/meta-data/spot/instance-action" 2>/dev/null) || continue
    until tell /v1/join/notice "$notice"; do sleep 1; done
    return
  done
}

watch_gcp() {
  while :; do
    taken=$(curl -fsS -m 90 -H 'Metadata-Flavor: Google' \
      "$metadata/computeMetadata/v1/instance/preempted?wait_for_change=true&timeout_sec=60" \
      2>/dev/null) || sleep "$look"
    if [ "${taken:-}" = TRUE ]; then
      until tell /v1/join/notice '{"action": "preempted"}'; do sleep 1; done
      return
    fi
  done
}

watch_port() {
  port=$(printf '%04X' "$SERVICE_PORT")
  until grep -qs ":$port .* 0A " /proc/net/tcp /proc/net/tcp6; do sleep 1; done
  mark port
}

serve() {
  mkdir -p "$root/work" && cd "$root/work" || return 1
  if [ -n "$CONTAINER_IMAGE" ]; then
    docker pull -q "$CONTAINER_IMAGE" || return 1
    mark image
    gpus=
    if [ -e /dev/nvidia0 ]; then gpus='--gpus all'; fi
    # shellcheck disable=SC2086
    exec docker run --rm --network host --shm-size 8g $gpus -v "$root:$root:ro" \
      --entrypoint /bin/sh "$CONTAINER_IMAGE" "$root/serve.sh"
  fi
  exec /bin/sh "$root/serve.sh"
}

main() {
  : >>"$root/secrets"
  if [ -n "$ADVERTISE_URL" ]; then
    if [ -e "$root/join" ]; then join; fi
    mark joined
    keep_alive &
    if [ "$METADATA" != none ]; then "watch_$METADATA" & fi
    watch_port &
  fi
  mark run
  (serve) >"$root/output" 2>&1
  mark ended "status $?, its last words:
$(tail -c 2000 "$root/output")"
  wait
}

main
