/** The disks of a machine: Debian as mmdebstrap makes it (kept between runs), and the built tree. */
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { addGuestFiles } from './guest-files.ts'
import { KERNEL_SUITE, RELEASES, type Release } from './release.ts'
import { runQuietly } from './run-quietly.ts'
import { copyTree } from './skiff-tree.ts'

const MIRROR = 'http://deb.debian.org/debian'
const SYSTEM_DISK_SIZE = '8G'
const TREE_DISK_SIZE = '1500M'

export interface Disks {
  readonly kernel: string
  readonly initrd: string
  readonly system: string
  readonly tree: string
  /** Where the serial console is written. */
  readonly console: string
}

export interface DisksOptions {
  readonly release: Release
  /** Everything is made below it. */
  readonly work: string
  /** The built repository. */
  readonly root: string
  readonly signal: AbortSignal
}

export async function makeDisks({ release, work, root, signal }: DisksOptions): Promise<Disks> {
  mkdirSync(work, { recursive: true })
  const boot = join(work, 'boot')
  const disks = {
    kernel: join(boot, 'vmlinuz'),
    initrd: join(boot, 'initrd.img'),
    system: join(work, `${release.suite}.img`),
    tree: join(work, 'tree.img'),
    console: join(work, `${release.suite}.console`),
  }
  const kernelDebian = await debianOf(kernelRelease(), work, signal)
  const debian = await debianOf(release, work, signal)
  await inScratchFolder(work, async (scratch) => {
    await runQuietly('tar', ['-C', scratch, '-xf', kernelDebian, './boot', './usr/lib/modules'], signal)
    copyKernel(join(scratch, 'boot'), boot)
    await runQuietly('tar', ['-C', scratch, '-xf', debian], signal)
    addGuestFiles(scratch)
    await makeDisk({ file: disks.system, folder: scratch, size: SYSTEM_DISK_SIZE }, signal)
  })
  await inScratchFolder(work, async (scratch) => {
    await copyTree(root, scratch, signal)
    await makeDisk({ file: disks.tree, folder: scratch, size: TREE_DISK_SIZE }, signal)
  })
  return disks
}

function kernelRelease(): Release {
  const found = RELEASES.find(({ suite }) => suite === KERNEL_SUITE)
  if (found === undefined) throw new Error(`${KERNEL_SUITE} is no release`)
  return found
}

/** A tar of the whole system; made once for each list of packages. */
async function debianOf({ suite, packages }: Release, work: string, signal: AbortSignal): Promise<string> {
  const mark = createHash('sha256').update(packages.join()).digest('hex').slice(0, 8)
  const tar = join(work, `debian-${suite}-${mark}.tar`)
  if (existsSync(tar)) return tar
  const unfinished = `${tar}.unfinished.tar`
  const options = ['--mode=root', '--variant=minbase', `--include=${packages.join()}`]
  await runQuietly('mmdebstrap', [...options, suite, unfinished, MIRROR], signal)
  renameSync(unfinished, tar)
  return tar
}

function copyKernel(from: string, to: string): void {
  mkdirSync(to, { recursive: true })
  for (const [prefix, name] of [
    ['vmlinuz-', 'vmlinuz'],
    ['initrd.img-', 'initrd.img'],
  ] as const) {
    const file = readdirSync(from).find((entry) => entry.startsWith(prefix))
    if (file === undefined) throw new Error(`no ${prefix}* in ${from}`)
    cpSync(join(from, file), join(to, name))
  }
}

async function makeDisk(disk: { file: string; folder: string; size: string }, signal: AbortSignal): Promise<void> {
  rmSync(disk.file, { force: true })
  const options = ['-q', '-F', '-E', 'lazy_itable_init=1,lazy_journal_init=1', '-d', disk.folder]
  await runQuietly('mkfs.ext4', [...options, disk.file, disk.size], signal)
}

async function inScratchFolder(work: string, use: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(work, 'scratch-'))
  try {
    await use(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
