/** The API as root of the master's machine reaches it: by the unix socket, whose permission is the credential. */
import { existsSync } from 'node:fs'
import { ApiClient } from '@skiff/client'
import { adminKubeconfig, apiSocket } from './home.ts'

export const CLI_USER_AGENT = 'skiff'

export function localClient(home: string): ApiClient {
  const socket = apiSocket(home)
  if (!existsSync(socket)) {
    throw new Error(
      `no master runs here: ${socket} is missing. Start one with "skiff up", or use kubectl with a kubeconfig of the master's machine (${adminKubeconfig(home)})`,
    )
  }
  return new ApiClient({ server: `unix:${socket}`, userAgent: CLI_USER_AGENT })
}
