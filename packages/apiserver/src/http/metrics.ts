import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry as MetricsRegistry } from 'prom-client'
import type { RequestInfo } from './request-context.ts'

const DURATION_BUCKETS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

/** Request counts and durations under kube-apiserver's names, so that its dashboards work. */
export class RequestMetrics {
  private readonly metrics = new MetricsRegistry()
  private readonly requests: Counter<'verb' | 'group' | 'resource' | 'subresource' | 'code'>
  private readonly durations: Histogram<'verb' | 'group' | 'resource' | 'subresource'>
  readonly watches: Gauge<'group' | 'resource'>

  constructor() {
    const registers = [this.metrics]
    collectDefaultMetrics({ register: this.metrics })
    this.requests = new Counter({
      name: 'apiserver_request_total',
      help: 'Requests by verb, resource and code.',
      labelNames: ['verb', 'group', 'resource', 'subresource', 'code'],
      registers,
    })
    this.durations = new Histogram({
      name: 'apiserver_request_duration_seconds',
      help: 'Time from the request to its answer, watches and streams left out.',
      labelNames: ['verb', 'group', 'resource', 'subresource'],
      buckets: DURATION_BUCKETS_S,
      registers,
    })
    this.watches = new Gauge({
      name: 'apiserver_longrunning_requests',
      help: 'Watches that are open.',
      labelNames: ['group', 'resource'],
      registers,
    })
  }

  /** Unknown resources and paths are counted under one name: a client can't make the table grow. */
  count(info: RequestInfo, known: boolean, code: number, seconds: number | undefined): void {
    const { group, resource, subresource } = known && info.isResource ? info : { group: '', resource: '', subresource: '' }
    const labels = { verb: info.verb, group, resource, subresource }
    this.requests.inc({ ...labels, code: String(code) })
    if (seconds !== undefined) this.durations.observe(labels, seconds)
  }

  text(): Promise<string> {
    return this.metrics.metrics()
  }

  get contentType(): string {
    return this.metrics.contentType
  }
}
