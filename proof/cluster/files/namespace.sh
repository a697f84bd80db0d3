# Run inside the node's namespaces, before anything else. What programs write where
# they always write it stays in memory and in here; the machine's own stays as it is.
for dir in /run /var/lib /var/log; do
	mount -t tmpfs node "$dir"
done
mkdir -p /run/containerd /run/netns /var/lib/etcd

ip link set lo up
ip link add cni0 type bridge
ip addr add "$ADDR/24" dev cni0
ip link set cni0 up
# Services have addresses that no interface has. kube-proxy exchanges them on the way.
ip route add "$SERVICES" dev cni0
echo 1 >/proc/sys/net/ipv4/ip_forward
