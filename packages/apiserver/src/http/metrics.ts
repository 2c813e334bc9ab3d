import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry as MetricsRegistry } from 'prom-client'
import type { Seat } from '../flow-control/flow-control.ts'
import type { RequestInfo } from './request-context.ts'

const READS: ReadonlySet<string> = new Set(['get', 'list', 'watch', 'head', 'options'])
const DURATION_BUCKETS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

interface MetricSources {
  /** Priority levels with their seats, as they are at the moment. */
  readonly levels: () => readonly { readonly name: string; readonly seats: number }[]
  /** How many objects of each resource are stored. */
  readonly stored: () => readonly { readonly resource: string; readonly count: number }[]
  /** What else runs in this process and counts, in the same format. */
  readonly further: () => string
}

/** Request counts and durations under kube-apiserver's names, so that its dashboards work. */
export class RequestMetrics {
  private readonly metrics = new MetricsRegistry()
  private readonly requests: Counter<'verb' | 'group' | 'resource' | 'subresource' | 'code'>
  private readonly durations: Histogram<'verb' | 'group' | 'resource' | 'subresource'>
  readonly watches: Gauge<'group' | 'resource'>
  private readonly inflight = { readOnly: 0, mutating: 0 }
  private readonly further: MetricSources['further']

  constructor({ levels, stored, further }: MetricSources) {
    this.further = further
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
    const { inflight } = this
    new Gauge({
      name: 'apiserver_current_inflight_requests',
      help: 'Requests that are served now, watches and streams left out.',
      labelNames: ['request_kind'],
      registers,
      collect() {
        for (const [kind, count] of Object.entries(inflight)) this.set({ request_kind: kind }, count)
      },
    })
    new Gauge({
      name: 'apiserver_storage_objects',
      help: 'Objects that are stored, by resource.',
      labelNames: ['resource'],
      registers,
      collect() {
        this.reset()
        for (const { resource, count } of stored()) this.set({ resource }, count)
      },
    })
    new Gauge({
      name: 'apiserver_flowcontrol_nominal_limit_seats',
      help: 'How many requests of a priority level are served at a time.',
      labelNames: ['priority_level'],
      registers,
      collect() {
        this.reset()
        for (const { name, seats } of levels()) this.set({ priority_level: name }, seats)
      },
    })
  }

  /** Unknown resources and paths are counted under one name: a client can't make the table grow. */
  count(info: RequestInfo, known: boolean, code: number, seconds: number | undefined): void {
    const { group, resource, subresource } = known && info.isResource ? info : { group: '', resource: '', subresource: '' }
    const labels = { verb: info.verb, group, resource, subresource }
    this.requests.inc({ ...labels, code: String(code) })
    if (seconds !== undefined) this.durations.observe(labels, seconds)
  }

  /** Counts the request as served now, for as long as it has its seat. */
  seated({ verb }: RequestInfo, seat: Seat): Seat {
    const kind = READS.has(verb) ? 'readOnly' : 'mutating'
    this.inflight[kind] += 1
    let isSeated = true
    const release = () => {
      if (isSeated) this.inflight[kind] -= 1
      isSeated = false
      seat.release()
    }
    return { headers: seat.headers, release }
  }

  async text(): Promise<string> {
    return `${await this.metrics.metrics()}${this.further()}`
  }

  get contentType(): string {
    return this.metrics.contentType
  }
}
