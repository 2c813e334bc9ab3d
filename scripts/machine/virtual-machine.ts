/** A machine under QEMU's emulator: boots, restarts when it restarts itself, ends when it switches itself off. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Disks } from './disks.ts'

const MEMORY_MIB = 3072
const CPUS = 2

export interface MachineOptions {
  /** Ends it at once. */
  readonly signal: AbortSignal
  /** A line that the guest wrote to its second serial port. */
  readonly onLine: (line: string) => void
}

/** Gives why it ended too soon; undefined when it switched itself off. */
export async function runMachine(disks: Disks, { signal, onLine }: MachineOptions): Promise<string | undefined> {
  const qemu = spawn('nice', ['-n', '19', 'qemu-system-x86_64', ...arguments_(disks)], { stdio: ['ignore', 'pipe', 'pipe'] })
  const kill = () => qemu.kill('SIGKILL')
  signal.addEventListener('abort', kill)
  let words = ''
  qemu.stderr.on('data', (text: Buffer) => {
    words += text
  })
  try {
    for await (const line of createInterface({ input: qemu.stdout })) onLine(line.trimEnd())
    if (qemu.exitCode === null && qemu.signalCode === null) await once(qemu, 'exit')
  } finally {
    kill()
    signal.removeEventListener('abort', kill)
  }
  if (signal.aborted) return 'it took too long, and was switched off'
  return qemu.exitCode === 0 ? undefined : `QEMU ended with ${qemu.exitCode}: ${words.trim()}`
}

function arguments_({ kernel, initrd, system, tree, console }: Disks): string[] {
  return [
    ...['-accel', 'tcg,thread=multi', '-cpu', 'max', '-m', String(MEMORY_MIB), '-smp', String(CPUS)],
    ...['-display', 'none', '-monitor', 'none', '-no-user-config', '-nodefaults'],
    ...['-kernel', kernel, '-initrd', initrd, '-append', 'root=/dev/vda rw console=ttyS0 quiet'],
    ...['-drive', `file=${system},format=raw,if=virtio,cache=unsafe`],
    ...['-drive', `file=${tree},format=raw,if=virtio,readonly=on`],
    // Its own network: nothing outside is reached, as on a machine behind a strict firewall.
    ...['-netdev', 'user,id=net,restrict=on', '-device', 'virtio-net-pci,netdev=net'],
    ...['-device', 'virtio-rng-pci'],
    ...['-serial', `file:${console}`, '-chardev', 'stdio,id=results,signal=off', '-serial', 'chardev:results'],
  ]
}
