import type { ServerResponse } from 'node:http'
import { EXPOSITION_TYPE, exposition, type MetricFamily } from '@skiff/client'
import { agentFamilies } from '../stats/agent-metrics.ts'
import { cadvisorFamilies } from '../stats/cadvisor-metrics.ts'
import { resourceFamilies } from '../stats/resource-metrics.ts'
import { summaryOf } from '../stats/summary.ts'
import type { AgentRequest } from './agent-server.ts'
import type { PodFinder } from './pod-finder.ts'

/** What the kubelet tells of itself, its pods and what they use. Undefined: the path is another one. */
export function inspection({ path, url, response, finder }: AgentRequest): (() => Promise<void> | void) | undefined {
  switch (path.join('/').replace(/\/+$/, '')) {
    case 'healthz':
    case 'healthz/ping':
    case 'healthz/log':
      return () => void response.end('ok')
    case 'healthz/syncloop':
      return () => {
        finder.pods()
        response.end('ok')
      }
    case 'pods':
      return () => sendPods(response, finder.pods())
    case 'runningpods':
      return () => sendPods(response, finder.runningPods())
    case 'configz':
      return () => sendJson(response, { kubeletconfig: finder.agent().configuration })
    case 'stats/summary': {
      const everything = url.searchParams.get('only_cpu_and_memory') !== 'true'
      const wanted = { rates: true, pressures: true, disk: everything }
      return async () => sendJson(response, summaryOf(await finder.agent().stats.snapshot(wanted)))
    }
    case 'metrics':
      return async () => sendMetrics(response, await ownFamilies(finder))
    case 'metrics/resource':
      return async () => sendMetrics(response, resourceFamilies(await finder.agent().stats.snapshot({})))
    case 'metrics/cadvisor':
      return async () => {
        const snapshot = await finder.agent().stats.snapshot({ pressures: true, details: true })
        sendMetrics(response, cadvisorFamilies(snapshot))
      }
    case 'metrics/probes':
      return () => sendMetrics(response, finder.agent().meters.probeFamilies())
    default:
      return undefined
  }
}

async function ownFamilies(finder: PodFinder): Promise<readonly MetricFamily[]> {
  const { stats, meters, nodeName, podList, pods } = finder.agent()
  const claims = await stats.claims()
  return [...agentFamilies({ nodeName, pods: podList(), observed: pods.observed(), claims }), ...meters.families()]
}

function sendPods(response: ServerResponse, items: readonly object[]): void {
  sendJson(response, { kind: 'PodList', apiVersion: 'v1', metadata: {}, items })
}

function sendMetrics(response: ServerResponse, families: readonly MetricFamily[]): void {
  response.writeHead(200, { 'content-type': EXPOSITION_TYPE })
  response.end(exposition(families))
}

function sendJson(response: ServerResponse, body: object): void {
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}
