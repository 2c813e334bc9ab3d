import { createRequire, registerHooks } from 'node:module'
import type Docker from 'dockerode'

/** What dockerode loads for Docker over ssh and for BuildKit's sessions: neither is ours, and both cost 12 MB of every agent. */
const NOT_NEEDED: ReadonlySet<string> = new Set(['ssh2', '@grpc/grpc-js', '@grpc/proto-loader'])

/** dockerode's class, loaded without what an agent never uses. */
export function loadDockerode(): typeof Docker {
  const hooks = registerHooks({
    resolve: (specifier, context, next) =>
      NOT_NEEDED.has(specifier) ? { url: 'node:path', format: 'builtin', shortCircuit: true } : next(specifier, context),
  })
  try {
    return createRequire(import.meta.url)('dockerode') as typeof Docker
  } finally {
    hooks.deregister()
  }
}
