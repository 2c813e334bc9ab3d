# The master or the agent as a container, for hosts where nothing may be installed. Build the tree first (scripts/up does):
#   docker build -t skiff:local .

# The programs that an agent calls. scripts/agent-image.ts makes the same from the host's own, where it has them.
FROM debian:bookworm-slim AS programs
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates conntrack iproute2 iptables nftables util-linux \
 && rm -rf /var/lib/apt/lists/*

FROM programs
WORKDIR /opt/skiff
COPY package.json ./
COPY node_modules node_modules
COPY packages packages
ENTRYPOINT ["/opt/skiff/packages/cli/bin/skiff"]
