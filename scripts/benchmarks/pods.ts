/**
 * From apply to Ready and from deleted to gone: one pod, and many on one host. Bare Docker, and the floor (the agent's own calls
 * and plumbing, replayed without Skiff), are measured in turn with it: whatever else the machine does, it does to all three.
 */
import { PODS, type Pod, podIsReady } from '@skiff/api'
import { hostSocket } from '../../packages/cli/src/hosts/index.ts'
import type { Cluster } from '../../test/support/cluster.ts'
import { waitFor } from '../../test/support/wait-for.ts'
import { BareDocker, PAUSE_IMAGE, type PodStarter, startPods } from './bare-docker.ts'
import { median, printFigure, rounded, timed } from './figure.ts'
import { Floor } from './floor.ts'
import { machineAtRest } from './machine-at-rest.ts'
import { medianMarks, PodMarks } from './pod-spans.ts'
import { ProcessorTime } from './processor-time.ts'

const ROUNDS = 10
/**
 * Of many pods: each of the three in turn, forth and back, so that neither a lucky time nor a slow minute of the machine decides.
 */
const ROUNDS_OF_MANY = 3
/** Bare Docker's best lies there on machines of any size. */
const CONCURRENCIES = [4, 8]
const MANY = [
  { pods: 50, goal: 0.7 },
  { pods: 110, goal: 0.75 },
]
const FLOOR_GOAL = '<= 1.15'

interface Bench {
  readonly cluster: Cluster
  readonly bare: BareDocker
  readonly floor: Floor
  readonly processors: ProcessorTime
}

export async function measurePods(cluster: Cluster): Promise<void> {
  const host = cluster.host(0)
  const bare = new BareDocker(hostSocket(host.host))
  await start(cluster, ['recorded'])
  const { metadata } = await cluster.client.get<Pod>(PODS, { namespace: 'default', name: 'recorded' })
  const floor = await Floor.of(host, bare.docker, metadata.uid)
  await remove(cluster, bare, ['recorded'])
  // Everything that takes part runs before it is counted.
  await floor.startPod('warm-up')
  await bare.removeAll()
  using processors = new ProcessorTime(cluster, host)
  const bench = { cluster, bare, floor, processors }
  await measureOne(bench)
  for (const { pods, goal } of MANY) await measureMany(bench, pods, goal)
}

async function measureOne({ cluster, bare, floor, processors }: Bench): Promise<void> {
  const times = { bare: [], floor: [], skiff: [], bareEnd: [], skiffEnd: [] } as Record<string, Cost[]>
  const marks: PodMarks[] = []
  for (let i = 0; i < ROUNDS; i++) {
    times.bare?.push(await costOf(processors, () => bare.startPod(`single-${i}`)))
    times.bareEnd?.push(await costOf(processors, () => bare.stopPod(`single-${i}`)))
    times.floor?.push(await costOf(processors, () => floor.startPod(`single-${i}`)))
    await bare.removeAll()
    const names = [`single-${i}`]
    const mark = new PodMarks()
    marks.push(mark)
    times.skiff?.push(await costOf(processors, () => startMarked(cluster, names, mark, bare)))
    times.skiffEnd?.push(await costOf(processors, () => remove(cluster, bare, names)))
  }
  const medians = Object.fromEntries(Object.entries(times).map(([name, costs]) => [name, medianCost(costs)]))
  const { bare: ofBare = NOTHING, floor: ofFloor = NOTHING, skiff = NOTHING, bareEnd = NOTHING, skiffEnd = NOTHING } = medians
  const details = { skiff, bare: ofBare, floor: ofFloor, rounds: ROUNDS, reached: medianMarks(marks) }
  printRatio('one pod, apply to Ready / bare Docker', [skiff, ofBare], '<= 0.75', details)
  printRatio('one pod, apply to Ready / its calls and plumbing alone', [skiff, ofFloor], FLOOR_GOAL)
  printRatio("one pod, deleted to gone / bare Docker's stop and remove", [skiffEnd, bareEnd], '<= 1.15', { skiffEnd, bareEnd })
}

async function measureMany({ cluster, bare, floor, processors }: Bench, pods: number, goal: number): Promise<void> {
  const ofBare: Cost[][] = CONCURRENCIES.map(() => [])
  const ofFloor: Cost[][] = CONCURRENCIES.map(() => [])
  const ofSkiff: Cost[] = []
  const removed: Cost[] = []
  const names = Array.from({ length: pods }, (_, i) => `many-${i}`)
  const withoutSkiff = (starter: PodStarter, concurrency: number, costs: Cost[] | undefined) => async () => {
    costs?.push(await costOf(processors, () => startPods(starter, pods, concurrency)))
    await bare.removeAll()
  }
  const withSkiff = async () => {
    ofSkiff.push(await costOf(processors, () => start(cluster, names)))
    removed.push(await costOf(processors, () => remove(cluster, bare, names)))
  }
  const inTurn = [
    ...CONCURRENCIES.flatMap((concurrency, i) => [
      withoutSkiff(bare, concurrency, ofBare[i]),
      withoutSkiff(floor, concurrency, ofFloor[i]),
    ]),
    withSkiff,
  ]
  for (let round = 0; round < ROUNDS_OF_MANY; round++) {
    for (const measure of round % 2 === 0 ? inTurn : inTurn.toReversed()) await measure()
  }
  const skiff = medianCost(ofSkiff)
  const details = { skiff, rounds: { skiff: ofSkiff, bare: ofBare, floor: ofFloor, removed }, concurrencies: CONCURRENCIES }
  printRatio(`${pods} pods on one host / bare Docker at its best`, [skiff, best(ofBare)], `<= ${goal}`, details)
  printRatio(`${pods} pods on one host / their calls and plumbing alone`, [skiff, best(ofFloor)], FLOOR_GOAL)
}

interface Cost {
  readonly seconds: number
  /** Of all processors together, and of all that takes part. */
  readonly processorSeconds: number
}

const NOTHING: Cost = { seconds: Number.NaN, processorSeconds: Number.NaN }

/** What others have left behind is not counted. */
async function costOf(processors: ProcessorTime, work: () => Promise<unknown>): Promise<Cost> {
  await machineAtRest()
  const before = processors.seconds()
  const seconds = await timed(work)
  return { seconds: rounded(seconds), processorSeconds: rounded(processors.seconds() - before) }
}

function medianCost(costs: readonly Cost[]): Cost {
  return {
    seconds: median(costs.map(({ seconds }) => seconds)),
    processorSeconds: median(costs.map(({ processorSeconds }) => processorSeconds)),
  }
}

/** At the concurrency that takes the least time. */
function best(costs: readonly (readonly Cost[])[]): Cost {
  return costs.map(medianCost).toSorted((a, b) => a.seconds - b.seconds)[0] ?? NOTHING
}

function printRatio(name: string, [one, other]: readonly [Cost, Cost], goal: string, details: object = {}): void {
  const ofProcessors = rounded(one.processorSeconds / other.processorSeconds)
  printFigure({ name, value: one.seconds / other.seconds, unit: 'x', goal, details: { ofProcessors, ...details } })
}

async function startMarked(cluster: Cluster, names: readonly string[], marks: PodMarks, { docker }: BareDocker): Promise<void> {
  const signal = new AbortController()
  await marks.followEngine(docker, signal.signal)
  await start(cluster, names, marks)
  signal.abort()
}

/** Until every pod was seen Ready. */
async function start({ client }: Cluster, names: readonly string[], marks?: PodMarks): Promise<void> {
  const { resourceVersion } = await client.list<Pod>(PODS, { namespace: 'default' })
  const end = new AbortController()
  const events = client.watch<Pod>(PODS, { namespace: 'default', resourceVersion, signal: end.signal })
  const waiting = new Set(names)
  marks?.note('applied')
  const created = Promise.all(names.map((name) => client.create(PODS, podOf(name), { namespace: 'default' })))
  for await (const { type, object } of events) {
    if (type === 'BOOKMARK') continue
    marks?.noteObject(object)
    if (podIsReady(object)) waiting.delete(object.metadata.name)
    if (waiting.size === 0) break
  }
  end.abort()
  await created
}

/** Until the API shows none of them and the host has no container of any pod. */
async function remove({ client }: Cluster, { docker }: BareDocker, names: readonly string[]): Promise<void> {
  const { resourceVersion } = await client.list<Pod>(PODS, { namespace: 'default' })
  const end = new AbortController()
  const events = client.watch<Pod>(PODS, { namespace: 'default', resourceVersion, signal: end.signal })
  const waiting = new Set(names)
  const deleted = Promise.all(names.map((name) => client.delete(PODS, { namespace: 'default', name })))
  for await (const { type, object } of events) {
    if (type === 'DELETED') waiting.delete(object.metadata.name)
    if (waiting.size === 0) break
  }
  end.abort()
  await deleted
  const ofPods = { all: true, filters: { label: ['io.kubernetes.pod.namespace=default'] } }
  await waitFor('the containers are gone', async () => (await docker.listContainers(ofPods)).length === 0, 60_000)
}

/** What runs ignores SIGTERM; it is to end at once, as a good program does. */
function podOf(name: string) {
  return {
    metadata: { name },
    spec: {
      os: { name: 'linux' },
      containers: [
        { name: 'main', image: PAUSE_IMAGE, imagePullPolicy: 'IfNotPresent' as const, lifecycle: { stopSignal: 'SIGKILL' } },
      ],
    },
  }
}
