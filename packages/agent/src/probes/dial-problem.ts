/** Why a connection was not made, as Go's `net` package, and so every kubelet, words it. */
export function dialProblem({ code, message }: NodeJS.ErrnoException): string {
  switch (code) {
    case 'ECONNREFUSED':
      return 'connect: connection refused'
    case 'EHOSTUNREACH':
      return 'connect: no route to host'
    case 'ENETUNREACH':
      return 'connect: network is unreachable'
    case 'ECONNRESET':
      return 'read: connection reset by peer'
    default:
      return message
  }
}
