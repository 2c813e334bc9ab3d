export { JoinError } from './bootstrap/join-error.ts'
export { type Agent, type AgentOptions, type ProxyFacts, startAgent } from './start-agent.ts'
