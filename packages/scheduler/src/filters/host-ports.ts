import type { Filter } from './filter.ts'

export const hostPorts: Filter = {
  name: 'NodePorts',
  freedByPods: true,

  check(pod, node) {
    const taken = pod.hostPorts.some((port) => node.hostPortTaken(port))
    return taken ? "node(s) didn't have free ports for the requested pod ports" : undefined
  },

  cure(pod, nodes) {
    const taken = pod.hostPorts.find((port) => nodes[0]?.hostPortTaken(port))
    return `Host port ${taken?.port ?? ''} is in use by another pod: choose another hostPort, or leave it out and use a Service.`
  },
}
