import { NO_USAGE } from './cgroup-usage.ts'
import type { ProcessUsage } from './process-usage.ts'

/** What this process uses. Where a kubelet has a control group of its own, the agent may share one with others. */
export function readOwnUsage(): ProcessUsage {
  const { userCPUTime, systemCPUTime, minorPageFault, majorPageFault } = process.resourceUsage()
  const [userNs, systemNs] = [userCPUTime * 1000, systemCPUTime * 1000]
  const rssBytes = process.memoryUsage.rss()
  return {
    ...NO_USAGE,
    cpu: { ...NO_USAGE.cpu, totalNs: userNs + systemNs, userNs, systemNs },
    memory: {
      ...NO_USAGE.memory,
      usageBytes: rssBytes,
      workingSetBytes: rssBytes,
      rssBytes,
      pageFaults: minorPageFault + majorPageFault,
      majorPageFaults: majorPageFault,
    },
    uptimeSeconds: process.uptime(),
  }
}
