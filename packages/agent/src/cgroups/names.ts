/** What a pod's control group is called: by the cluster too, for others may share the host's engine. Pure. */

export function podGroupName(clusterId: string, podUid: string): string {
  return `skiff-${clusterId}-pod${podUid}`
}

/** The uid in a group's directory name, under either driver; undefined: it is none of that cluster's pods'. */
export function podUidIn(directory: string, clusterId: string): string | undefined {
  const own = directory.replace(/\.slice$/, '')
  const prefix = podGroupName(clusterId, '')
  if (own.startsWith(prefix)) return own.slice(prefix.length)
  // systemd's names begin with their parent's, and have underscores for dashes.
  const slicePrefix = prefix.replaceAll('-', '_')
  const last = own.split('-').at(-1) ?? ''
  return directory.endsWith('.slice') && last.startsWith(slicePrefix)
    ? last.slice(slicePrefix.length).replaceAll('_', '-')
    : undefined
}
