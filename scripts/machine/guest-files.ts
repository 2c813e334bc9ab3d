/** What makes a Debian of mmdebstrap's a machine that tests itself at each boot. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const TEST_UNIT = `[Unit]
Description=Skiff's checks of this machine
Wants=network-online.target
After=network-online.target docker.service multi-user.target

[Service]
ExecStart=/opt/skiff/scripts/machine/guest/run
WorkingDirectory=/opt/skiff
Environment=HOME=/root NO_COLOR=1 SYSTEMD_BUS_TIMEOUT=300s PATH=/opt/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
# The second serial port: the host reads it line by line.
StandardOutput=file:/dev/ttyS1
StandardError=inherit

[Install]
WantedBy=multi-user.target
`

const FILES: Readonly<Record<string, string>> = {
  'etc/hostname': 'machine\n',
  'etc/hosts': '127.0.0.1 localhost\n127.0.1.1 machine\n',
  'etc/fstab': '/dev/vda / ext4 defaults 0 1\n/dev/vdb /opt ext4 ro 0 2\n',
  'etc/systemd/network/80-dhcp.network': '[Match]\nName=e*\n\n[Network]\nDHCP=yes\n',
  'etc/systemd/system/skiff-test.service': TEST_UNIT,
}

const ENABLED: Readonly<Record<string, string>> = {
  'etc/systemd/system/multi-user.target.wants/skiff-test.service': '/etc/systemd/system/skiff-test.service',
  'etc/systemd/system/multi-user.target.wants/systemd-networkd.service': '/lib/systemd/system/systemd-networkd.service',
  'etc/systemd/system/network-online.target.wants/systemd-networkd-wait-online.service':
    '/lib/systemd/system/systemd-networkd-wait-online.service',
}

export function addGuestFiles(system: string): void {
  for (const [name, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(system, name)), { recursive: true })
    writeFileSync(join(system, name), text)
  }
  for (const [link, target] of Object.entries(ENABLED)) {
    mkdirSync(dirname(join(system, link)), { recursive: true })
    symlinkSync(target, join(system, link))
  }
}
