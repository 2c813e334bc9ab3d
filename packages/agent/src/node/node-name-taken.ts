import { addressOfNode, findCondition, isNotFound, NODES, type Node } from '@skiff/api'
import { ApiClient } from '@skiff/client'
import { keptNodeName, readCredentials } from '../bootstrap/agent-files.ts'
import { JoinError } from '../bootstrap/join-error.ts'
import { installationId } from './installation-id.ts'
import { isOwnAddress } from './node-address.ts'
import { IDENTITY_ANNOTATION } from './node-reporter.ts'

/** A master that doesn't answer within this time is asked again: TCP alone would go on for a minute. */
const ANSWER_TIMEOUT_MS = 5_000

/** Throws JoinError when a living agent of another machine has this node's name. */
export async function refuseTakenName(client: ApiClient, name: string, identity: string): Promise<void> {
  const address = await otherWithName(client, name, identity)
  if (address === undefined) return
  throw new JoinError(
    `the node name ${name} is taken by another machine (${address}): choose another with --node-name, or stop the agent there and wait until the node is no longer Ready`,
  )
}

export interface NodeName {
  readonly name: string
  /** The address of the other machine that has this name. */
  readonly takenBy?: string
}

/** Under which name the agent with this directory joined, or tried to; undefined: it didn't. Throws when the master doesn't answer. */
export async function nodeNameOfAgent(dataDir: string): Promise<NodeName | undefined> {
  const name = await keptNodeName(dataDir)
  const kept = name === undefined ? undefined : await readCredentials(dataDir, name)
  if (name === undefined || kept === undefined) return undefined
  const client = new ApiClient({
    server: kept.server,
    ca: kept.ca,
    cert: kept.clientCert,
    key: kept.clientKey,
    userAgent: 'skiff',
  })
  try {
    const address = await otherWithName(client, name, await installationId(dataDir))
    // An agent in a container has another identity than this host, but its address.
    return address === undefined || isOwnAddress(address) ? { name } : { name, takenBy: address }
  } finally {
    client.close()
  }
}

/** Where the other agent is that has this name. Whether it lives is the master's word, which counts on no clock: it says Unknown of nodes that fell silent. */
async function otherWithName(client: ApiClient, name: string, identity: string): Promise<string | undefined> {
  const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS)
  const node = await orUndefined(client.get<Node>(NODES, { name }, { signal }))
  const other = node?.metadata.annotations?.[IDENTITY_ANNOTATION]
  if (node === undefined || other === undefined || other === identity) return undefined
  if (findCondition(node.status?.conditions, 'Ready')?.status === 'Unknown') return undefined
  return addressOfNode(node) ?? 'an unknown address'
}

async function orUndefined<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}
