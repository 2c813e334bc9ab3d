import { labelSelectorToString, type Pod, podIsReady, podIsTerminal, type Service, type ServicePort } from '@skiff/api'
import { type Explanation, type Finding, inNamespace } from './finding.ts'
import { isDeleting, type Surroundings } from './surroundings.ts'
import { whyPod } from './why-pod.ts'

type Cause = Omit<Finding, 'about'>

const SERVICE_OF_SLICE = 'kubernetes.io/service-name'

/** Why a Service doesn't answer. */
export function whyService(service: Service, around: Surroundings): Explanation {
  const about = `service/${service.metadata.name}`
  if (service.spec.type === 'ExternalName')
    return {
      findings: [],
      fine: `The Service is a name for ${service.spec.externalName}: nothing of this cluster answers for it.`,
    }
  const ready = readyEndpoints(service, around)
  const own = (causes: readonly Cause[]) => causes.map((cause) => ({ about, ...cause }))
  const selector = service.spec.selector ?? {}
  if (Object.keys(selector).length === 0)
    return { findings: own(ready === 0 ? [WITHOUT_SELECTOR] : []), fine: endpointsSentence(ready) }
  const pods = selectedPods(service, around)
  if (pods.length === 0) return { findings: own([noPods(service, around)]), fine: '' }
  const ports = portCauses(service, pods)
  if (ports.length > 0) return { findings: own(ports), fine: '' }
  if (ready > 0) return { findings: own(doubtfulPorts(service, pods)), fine: endpointsSentence(ready) }
  return { findings: notReady(about, pods, around), fine: '' }
}

const WITHOUT_SELECTOR: Cause = {
  cause: 'The Service has no selector, and nobody has given it endpoints by hand.',
  cure: 'Give it spec.selector, or create an EndpointSlice with the label kubernetes.io/service-name.',
}

function endpointsSentence(ready: number): string {
  return `The Service has ${ready} ready endpoint${ready === 1 ? '' : 's'}.`
}

function readyEndpoints({ metadata: { name } }: Service, around: Surroundings): number {
  const slices = around.slices.filter(({ metadata }) => metadata.labels?.[SERVICE_OF_SLICE] === name)
  const endpoints = slices.flatMap((slice) => (slice.ports?.length ? (slice.endpoints ?? []) : []))
  const ready = endpoints.filter(({ conditions }) => conditions?.ready !== false)
  return new Set(ready.flatMap(({ addresses }) => addresses)).size
}

function selectedPods({ spec }: Service, around: Surroundings): readonly Pod[] {
  const wanted = Object.entries(spec.selector ?? {})
  return around.pods.filter((pod) => !podIsTerminal(pod) && wanted.every(([key, value]) => pod.metadata.labels?.[key] === value))
}

function noPods(service: Service, around: Surroundings): Cause {
  const selector = labelSelectorToString({ matchLabels: service.spec.selector ?? {} })
  const cause = `No pod of the namespace has the labels that the Service selects (${selector}).`
  const near = nearestPod(service, around)
  if (near === undefined)
    return {
      cause,
      cure: `Create the pods, or correct spec.selector. See their labels: kubectl get pods --show-labels${inNamespace(service.metadata.namespace)}`,
    }
  const labels = Object.keys(service.spec.selector ?? {}).map((key) => `${key}=${near.metadata.labels?.[key] ?? '(none)'}`)
  return {
    cause: `${cause} The nearest is pod/${near.metadata.name}, with ${labels.join(', ')}.`,
    cure: "Let spec.selector and the pods' labels say the same.",
  }
}

/** One that has the selector's keys, with as many of its values as possible; else one whose name is the Service's. */
function nearestPod({ metadata, spec }: Service, around: Surroundings): Pod | undefined {
  const wanted = Object.entries(spec.selector ?? {})
  const likeness = ({ metadata: { name, labels = {} } }: Pod) =>
    wanted.reduce(
      (sum, [key, value]) => sum + (key in labels ? 1 : 0) + (labels[key] === value ? 2 : 0),
      name.startsWith(`${metadata.name}-`) ? 1 : 0,
    )
  const [best] = around.pods.filter((pod) => !isDeleting(pod)).toSorted((a, b) => likeness(b) - likeness(a))
  return best !== undefined && likeness(best) > 0 ? best : undefined
}

function portCauses({ spec }: Service, pods: readonly Pod[]): readonly Cause[] {
  return (spec.ports ?? []).flatMap((port) => {
    const { targetPort } = port
    if (typeof targetPort !== 'string') return []
    const named = pods.some((pod) =>
      containerPorts(pod).some(({ name, protocol }) => name === targetPort && (protocol ?? 'TCP') === (port.protocol ?? 'TCP')),
    )
    return named ? [] : [unknownPort(port, pods)]
  })
}

function unknownPort({ port, targetPort }: ServicePort, pods: readonly Pod[]): Cause {
  const names = [...new Set(pods.flatMap((pod) => containerPorts(pod).flatMap(({ name }) => name ?? [])))]
  const known = names.length === 0 ? 'they name no port' : `they name ${names.join(', ')}`
  return {
    cause: `Port ${port} of the Service leads to the port named "${targetPort}", which no container of its pods has (${known}).`,
    cure: "Name the container's port so (ports[].name), or let targetPort be a number.",
  }
}

/** A container may listen on ports that it doesn't declare: a guess, for a Service in which nothing else is wrong. */
function doubtfulPorts({ spec }: Service, pods: readonly Pod[]): readonly Cause[] {
  return (spec.ports ?? []).flatMap(({ port, targetPort, protocol = 'TCP' }) => {
    const target = targetPort ?? port
    const declared = pods.flatMap(containerPorts).filter((each) => (each.protocol ?? 'TCP') === protocol)
    const numbers = [...new Set(declared.map(({ containerPort }) => containerPort))]
    if (typeof target === 'string' || numbers.length === 0 || numbers.includes(target)) return []
    return [
      {
        cause: `Port ${port} of the Service leads to port ${target}, and the containers of its pods declare ${numbers.join(', ')}.`,
        cure: 'If nothing answers, let targetPort be the port on which the program listens.',
      },
    ]
  })
}

function containerPorts({ spec: { containers, initContainers = [] } }: Pod) {
  return [...containers, ...initContainers].flatMap(({ ports = [] }) => ports)
}

/** The pods' own reasons are the Service's. */
function notReady(about: string, pods: readonly Pod[], around: Surroundings): readonly Finding[] {
  const count = pods.length === 1 ? 'Its only pod is' : `None of its ${pods.length} pods is`
  const summary = {
    about,
    cause: pods.length === 1 ? `${count} not ready.` : `${count} ready.`,
    cure: 'Mend what is said of them below.',
  }
  const theirs = pods.filter((pod) => !podIsReady(pod)).flatMap((pod) => whyPod(pod, around).findings)
  if (theirs.length > 0) return [summary, ...theirs]
  return [{ about, cause: 'Its pods are ready, and the endpoints are about to follow.', cure: '' }]
}
