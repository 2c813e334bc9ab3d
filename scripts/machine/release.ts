/** The machines that are tried. */
export interface Release {
  readonly suite: 'bookworm' | 'trixie'
  readonly packages: readonly string[]
}

const COMMON = [
  ...['systemd', 'systemd-sysv', 'systemd-resolved', 'udev', 'dbus', 'kmod', 'apparmor', 'procps', 'e2fsprogs', 'less'],
  ...['docker.io', 'docker-compose', 'nftables', 'iptables', 'iproute2', 'conntrack', 'curl', 'ca-certificates'],
  // What the test's own pods are made of.
  'busybox-static',
]

/** The kernel of every machine: trixie's own, 6.12, crashes under QEMU 7.2's emulator. */
export const KERNEL_SUITE = 'bookworm'

export const RELEASES: readonly Release[] = [
  { suite: 'bookworm', packages: [...COMMON, 'linux-image-cloud-amd64'] },
  { suite: 'trixie', packages: [...COMMON, 'docker-cli'] },
]
