export { JoinError } from './bootstrap/join-error.ts'
export { NodeDeletedError } from './node/node-deleted-error.ts'
export { clusterFactsOfAgent, type PurgeAgentOptions, type PurgedAgent, purgeAgent } from './purge/purge-agent.ts'
export { type Agent, type AgentOptions, type ProxyFacts, startAgent } from './start-agent.ts'
