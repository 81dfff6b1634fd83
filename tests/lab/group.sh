#!/usr/bin/env bash
# A Wi-Fi Direct group on one machine: a group owner and its clients in network namespaces, on one shared medium.
#
#   group.sh up PREFIX CLIENTS RATE_KBIT    PREFIX-go (192.168.49.1), PREFIX-c1 (.2), PREFIX-c2 (.3), ... each with `p2p0`
#   group.sh disband PREFIX                 removes all addresses, as when the group ends
#   group.sh form PREFIX THIRD              adds new addresses, 192.168.THIRD.1 and so on, as when the group forms again
#   group.sh down PREFIX                    removes all namespaces of that prefix, in any state
#   group.sh can                            fails with the reason if this machine cannot run a group
#
# The medium: the stations connect to a bridge in the namespace PREFIX-medium. The bridge redirects each incoming frame to
# ONE ifb whose ONE htb class has RATE_KBIT: half duplex, shared by all stations. Below it, a class per station gives
# each an equal share under contention and the full rate when alone. The group owner has a queue per client, as Wi-Fi
# drivers do: in one queue, the first transfer would keep it full and hold back all others. The group owner relays
# frames between clients, so such a frame is redirected twice and uses the medium twice.
# The classes depend on the host's number only, so they remain valid when the group forms again in another subnet.
# Needs root, iproute2, and a kernel with veth, bridge, ifb, htb, u32 and mirred. Needs no module and no netem.
set -Eeuo pipefail   # E: the cleanup trap also works inside functions

die() { echo "group.sh: $*" >&2; exit 1; }

# Adds class 1:CLASS below 1:PARENT, with a share of the medium's rate.
class() {
  local medium=$1 parent=$2 class=$3 rate=$4 share=$5
  tc -n "$medium" class add dev ifb0 parent "1:$parent" classid "1:$class" \
    htb rate "${share}kbit" ceil "${rate}kbit" burst 4k cburst 4k quantum 3000
}

# Adds such a class with a queue.
queue() {
  class "$@"
  tc -n "$1" qdisc add dev ifb0 parent "1:$3" handle "$3:" bfifo limit 131072
}

# A bridge, the shared medium, and one default class for frames of no station.
medium() {
  local ns=$1 rate=$2 share=$3
  ip netns add "$ns"
  ip -n "$ns" link set lo up
  # Without snooping, multicast (mDNS) reaches every port at the same time, as on a radio medium.
  ip -n "$ns" link add br0 type bridge mcast_snooping 0 stp_state 0 forward_delay 0
  ip -n "$ns" link set br0 up
  ip -n "$ns" link add ifb0 type ifb
  ip -n "$ns" link set ifb0 txqueuelen 1000 up
  tc -n "$ns" qdisc add dev ifb0 root handle 1: htb default 99
  tc -n "$ns" class add dev ifb0 parent 1: classid 1:1 \
    htb rate "${rate}kbit" ceil "${rate}kbit" burst 16k cburst 16k quantum 3000
  class "$ns" 1 99 "$rate" "$share"
}

# Adds the address NET.HOST. Adds the mDNS route first, because a program may use a new address at once.
address() {
  local ns=$1 net=$2 host=$3
  ip -n "$ns" route add 224.0.0.0/4 dev p2p0
  ip -n "$ns" addr add "$net.$host/24" brd "$net.255" dev p2p0
  # Phones use cubic. This kernel may have another default, and a namespace cannot change the default.
  ip -n "$ns" route change "$net.0/24" dev p2p0 src "$net.$host" congctl cubic
}

# Adds station number I (0 is the group owner) and its port on the bridge.
station() {
  local medium=$1 ns=$2 i=$3
  ip netns add "$ns"
  ip -n "$ns" link set lo up
  ip link add name p2p0 netns "$ns" type veth peer name "port$i" netns "$medium"
  ip -n "$ns" link set p2p0 up
  address "$ns" 192.168.49 $((i + 1))
  ip -n "$medium" link set "port$i" master br0 up
  tc -n "$medium" qdisc add dev "port$i" clsact
  tc -n "$medium" filter add dev "port$i" ingress protocol all prio 1 \
    u32 match u32 0 0 action mirred egress redirect dev ifb0
}

# Adds the group owner: a class for its share, and below it a queue per client. Multicast goes to the default class.
owner() {
  local medium=$1 ns=$2 clients=$3 rate=$4 share=$5 i
  station "$medium" "$ns" 0
  class "$medium" 1 10 "$rate" "$share"
  for ((i = 1; i <= clients; i++)); do
    queue "$medium" 10 "2$i" "$rate" $((share / clients))
    tc -n "$medium" filter add dev ifb0 parent 1: protocol ip prio 1 \
      u32 match u8 1 0xff at 15 match u8 $((i + 1)) 0xff at 19 flowid "1:2$i"
  done
}

# Adds client number I and its queue.
client() {
  local medium=$1 ns=$2 i=$3 rate=$4 share=$5
  station "$medium" "$ns" "$i"
  queue "$medium" 1 "1$i" "$rate" "$share"
  tc -n "$medium" filter add dev ifb0 parent 1: protocol ip prio 2 u32 match u8 $((i + 1)) 0xff at 15 flowid "1:1$i"
  # Frames from another client use the medium a second time. Frames from the group owner do not.
  tc -n "$medium" filter add dev "port$i" egress protocol ip prio 1 u32 match u8 1 0xff at 15 flowid 1:1
  tc -n "$medium" filter add dev "port$i" egress protocol ip prio 2 u32 match ip dst 224.0.0.0/4 flowid 1:1
  tc -n "$medium" filter add dev "port$i" egress protocol ip prio 3 \
    u32 match ip src 192.168.0.0/16 action mirred egress redirect dev ifb0
}

up() {
  local prefix=$1 clients=$2 rate=$3 i
  local share=$((rate / (clients + 2)))
  [ "$clients" -le 8 ] || die "CLIENTS is over 8, but a class name holds one digit: use 8 or less"
  trap 'down "$prefix"' ERR
  medium "$prefix-medium" "$rate" "$share"
  owner "$prefix-medium" "$prefix-go" "$clients" "$rate" "$share"
  for ((i = 1; i <= clients; i++)); do
    client "$prefix-medium" "$prefix-c$i" "$i" "$rate" "$share"
  done
  trap - ERR
}

# Lists the namespaces of the stations, with their host numbers in the group's subnet.
stations() {
  local ns host
  ip netns list | while read -r ns _; do
    case $ns in "$1"-go) echo "$ns 1" ;; "$1"-c[0-9]) host=${ns##*-c}; echo "$ns $((host + 1))" ;; esac
  done
}

disband() {
  local ns
  stations "$1" | while read -r ns _; do ip -n "$ns" addr flush dev p2p0 scope global; done
}

form() {
  local ns host
  stations "$1" | while read -r ns host; do address "$ns" "192.168.$2" "$host"; done
}

down() {
  local ns
  ip netns list | while read -r ns _; do
    case $ns in "$1"-medium | "$1"-go | "$1"-c[0-9]) ip netns del "$ns" || true ;; esac
  done
}

can() {
  command -v ip >/dev/null && command -v tc >/dev/null || die "\`ip\` or \`tc\` is missing: install iproute2"
  [ "$(id -u)" = 0 ] || die "network namespaces need root: run this with sudo"
  local ns=fieldcast-can-$$
  ip netns add "$ns" || die "this machine does not allow network namespaces: use another machine or container"
  local works=0
  ip -n "$ns" link add ifb0 type ifb && tc -n "$ns" qdisc add dev ifb0 root htb && works=1
  ip netns del "$ns"
  [ "$works" = 1 ] || die "the kernel has no ifb or htb: use a kernel with both"
}

case "${1-}:$#" in
  up:4) up "$2" "$3" "$4" ;;
  disband:2) disband "$2" ;;
  form:3) form "$2" "$3" ;;
  down:2) down "$2" ;;
  can:1) can ;;
  *) die "usage: up PREFIX CLIENTS RATE_KBIT | disband PREFIX | form PREFIX THIRD | down PREFIX | can" ;;
esac
