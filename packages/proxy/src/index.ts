export { type ProxyOptions, removeProxy, startProxy } from './start-proxy.ts'
