import http from 'node:http'
import { inspect } from 'node:util'

/**
 * Kept-alive connections to an engine. docker-modem writes out the options of every request for a debug line, also when
 * nobody reads it, agent and sockets included: with a short answer here that costs nothing, without it 150 ms a pod.
 */
export class ConnectionPool extends http.Agent {
  constructor(maxSockets: number) {
    super({ keepAlive: true, maxSockets })
  }

  [inspect.custom](): string {
    return 'ConnectionPool'
  }
}
