import { readdir, readFile } from 'node:fs/promises'

/**
 * Kills a process of a container and what it started. The engine offers no call for it; the process id is the host's, so
 * the agent must see the host's processes. The control group says whether the id still means that container.
 */
export async function killProcessTree(pid: number, containerId: string): Promise<void> {
  if (pid <= 1 || !(await belongsTo(pid, containerId))) return
  const children = await childrenOf(pid)
  kill(pid)
  for (const child of children) await killProcessTree(child, containerId)
}

async function belongsTo(pid: number, containerId: string): Promise<boolean> {
  const groups = await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '')
  return groups.includes(containerId)
}

async function childrenOf(pid: number): Promise<readonly number[]> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => [])
  const lists = await Promise.all(
    threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/children`, 'utf8').catch(() => '')),
  )
  return lists.flatMap((list) =>
    list
      .split(' ')
      .filter((id) => id !== '')
      .map(Number),
  )
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It ended by itself.
  }
}
