import { type ProcessUsage, usageOf } from './process-usage.ts'

/** What this process uses. Where a kubelet has a control group of its own, the agent may share one with others. */
export function readOwnUsage(): ProcessUsage {
  const { userCPUTime, systemCPUTime, minorPageFault, majorPageFault } = process.resourceUsage()
  const usage = usageOf({
    userNs: userCPUTime * 1000,
    systemNs: systemCPUTime * 1000,
    rssBytes: process.memoryUsage.rss(),
    minorFaults: minorPageFault,
    majorFaults: majorPageFault,
  })
  return { ...usage, uptimeSeconds: process.uptime() }
}
