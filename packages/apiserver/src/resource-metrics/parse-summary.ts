/** What one agent says at one moment. */
export interface NodeReading {
  readonly node: Usage
  /** By uid. */
  readonly pods: ReadonlyMap<string, readonly ContainerReading[]>
}

export interface ContainerReading extends Usage {
  readonly name: string
}

export interface Usage {
  readonly time: string
  readonly nanoCores: number
  readonly memoryBytes: number
}

/** Reads an agent's `/stats/summary`. Throws when it is none; pods and containers without figures are left out. */
export function parseSummary(json: string): NodeReading {
  const summary: unknown = JSON.parse(json)
  const node = usageOf(member(summary, 'node'))
  const pods = member(summary, 'pods')
  if (node === undefined || !Array.isArray(pods)) throw new Error('the agent answered no summary')
  return { node, pods: new Map(pods.flatMap(podEntry)) }
}

function podEntry(pod: unknown): [string, readonly ContainerReading[]][] {
  const uid = member(member(pod, 'podRef'), 'uid')
  const containers = member(pod, 'containers')
  if (typeof uid !== 'string' || !Array.isArray(containers)) return []
  return [[uid, containers.flatMap(containerReading)]]
}

function containerReading(container: unknown): ContainerReading[] {
  const name = member(container, 'name')
  const usage = usageOf(container)
  return typeof name === 'string' && usage !== undefined ? [{ name, ...usage }] : []
}

function usageOf(stats: unknown): Usage | undefined {
  const cpu = member(stats, 'cpu')
  const [time, nanoCores] = [member(cpu, 'time'), member(cpu, 'usageNanoCores')]
  const memoryBytes = member(member(stats, 'memory'), 'workingSetBytes')
  if (typeof time !== 'string' || !isCount(nanoCores) || !isCount(memoryBytes)) return undefined
  return { time, nanoCores, memoryBytes }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function member(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined
}
