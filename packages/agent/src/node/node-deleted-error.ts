/** Somebody deleted this host's Node: the agent has ended, and what it left on the host is to be taken away. */
export class NodeDeletedError extends Error {
  override name = 'NodeDeletedError'
}
