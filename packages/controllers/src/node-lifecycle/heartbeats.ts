/**
 * Where the nodes' heartbeats are found: the API server keeps them in memory, from the streams that the agents hold
 * open. `lastHeartbeatMs` counts on the same monotonic clock that the controller is given.
 */
export interface HeartbeatSource {
  /** undefined: no stream of this node was seen since the master started. */
  get(node: string): { readonly lastHeartbeatMs: number } | undefined
  /** Told of every heartbeat, connection and disconnection. Returns how to stop it. */
  onChange(listener: (change: { readonly node: string }) => void): () => void
}
