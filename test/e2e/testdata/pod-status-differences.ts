/**
 * Where this agent's pods differ from the recorded ones, each with its reason. The record is of a kubelet 1.20; where Kubernetes
 * itself has changed since, what 1.36 does is right.
 */
import type { Container } from '@skiff/api'
import type { RecordedPod } from '../../support/recorded-pods.ts'

type Change = (text: string) => string

/** Of every step's text. */
const STEP_CHANGES: readonly Change[] = [
  // Since 1.26 a pod that failed says so in its conditions instead of naming its containers.
  (text) => (text.startsWith('Failed') ? text.replace(/^((?:Contain\w+)?Ready=False).*$/gm, '$1 PodFailed') : text),
  // Since 1.30 a pod that the node doesn't take says it in these words, and says what didn't match.
  (text) => text.replace(/^(Failed \w+: )Pod /, '$1Pod was rejected: '),
  (text) => text.replace('Predicate NodeAffinity failed', NODE_AFFINITY),
  // Since 1.25 the hook's error stands in the message only.
  (text) => text.replace(/PostStartHookError: command .*? : Exec/, 'PostStartHookError: Exec'),
  // Since 1.32 the back-off repeats why the pull failed.
  (text) => text.replace(/(Back-off pulling image "(.*?)")(?=;)/, `$1: ErrImagePull: ${REFUSED}`),
  // The registry's own words without the frame of the CRI, which isn't there.
  (text) => text.replace(CRI_FRAME, ''),
]

/** Of every event's text. */
const EVENT_CHANGES: readonly Change[] = [
  (text) => text.replace('Predicate NodeAffinity failed', NODE_AFFINITY),
  (text) => text.replace(CRI_FRAME, ''),
]

const NODE_AFFINITY = "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector"
const CRI_FRAME = 'rpc error: code = Unknown desc = Error response from daemon: '
const REFUSED = 'Get "http://127.0.0.1:1/v2/": dial tcp 127.0.0.1:1: connect: connection refused'

const KILLED_FOR_STARTUP = 'Normal Killing of spec.containers{c}: Container c failed startup probe, will be restarted'

/** Of single cases. */
const CASE_CHANGES: Readonly<Record<string, (recorded: RecordedPod) => RecordedPod>> = {
  // A kubelet 1.20 noticed a startup probe that has given up only at its next resync, a minute later; it kills at once since 1.21.
  'startup probe fails': ({ steps, events, ...rest }) => ({
    ...rest,
    steps: [
      ...steps,
      [
        'Failed, has an address',
        'Initialized=True',
        'Ready=False PodFailed',
        'ContainersReady=False PodFailed',
        'PodScheduled=True',
        'c (bb:1): ended with 137 Error; 0 restarts',
      ].join('\n'),
    ],
    events: events.map((event) => (event.includes('Killing') ? KILLED_FOR_STARTUP : event)),
  }),
  'startup probe holds readiness': ({ steps, events, ...rest }) => ({
    ...rest,
    steps: [...steps, steps.at(-1)?.replace('runs; 0 restarts', 'runs; before: ended with 137 Error; 1 restarts') ?? ''],
    events: events.flatMap((event) => (event.includes('Killing') ? [KILLED_FOR_STARTUP, event] : event)),
  }),
  // Since 1.22 a pod that ends for good is Failed only when its containers have ended, and keeps its conditions.
  'deadline exceeded': ({ steps, ...rest }) => ({
    ...rest,
    steps: [
      ...steps.filter((step) => !step.startsWith('Failed')),
      [
        'Failed, has an address DeadlineExceeded: Pod was active on the node longer than the specified deadline',
        'Initialized=True',
        'Ready=False PodFailed',
        'ContainersReady=False PodFailed',
        'PodScheduled=True',
        'c (bb:1): ended with 137 Error; 0 restarts',
      ].join('\n'),
    ],
  }),
}

/** What the recorded pod would be in this version. */
export function asInThisVersion(recorded: RecordedPod): RecordedPod {
  const change = CASE_CHANGES[recorded.case] ?? ((same) => same)
  const { steps, events, ...rest } = change(recorded)
  const applied = (changes: readonly Change[]) => (text: string) => changes.reduce((now, next) => next(now), text)
  return { ...rest, steps: steps.map(applied(STEP_CHANGES)), events: events.map(applied(EVENT_CHANGES)) }
}

/** Steps that the recorded kubelet, which looked once a second and wrote what it then saw, went through without writing them. */
export function isPassing(step: string, expected: readonly string[]): boolean {
  // Newer kubelets write the address as soon as the sandbox has it.
  const withoutAddress = step.replace(', has an address', '')
  if (expected.some((other) => other.replace(', has an address', '') === withoutAddress)) return true
  // A run that ended within the second, and one that starts while another container still waits.
  if (/: runs;/.test(step)) return true
  // Ended before the next one was started.
  if (/: ended with /.test(step) && /waits ContainerCreating/.test(step)) return true
  // Killed by the agent, and about to be started again.
  if (step.startsWith('Running') && /: ended with 137 Error;/.test(step)) return true
  // What comes next, when the test is slower to look than the recorded pod was deleted.
  return /back-off [24]0s|, [2-4] restarts/.test(step)
}

/**
 * Steps that a pod comes by for certain. Status is written of what is so now, and the newest wins: where the pod goes on by itself,
 * only what came of it may be written. As it is created, in a back-off and at its last step it stays.
 */
export function certainSteps(steps: readonly string[]): string[] {
  return steps.filter((step, index) => index === 0 || index === steps.length - 1 || BACK_OFF.test(step))
}

const BACK_OFF = /: waits CrashLoopBackOff/

/** What the pod is written to be when the step was too short to be: the back-off after the same run, or after a later one. */
export function isWhatComesAfter(step: string, seen: string): boolean {
  // That a pod has come is written with what comes next, and its sandbox starts while its volumes are made.
  if (seen.startsWith('Pending, has an address') && seen.replace(', has an address', '') === step) return true
  // A run that took longer than the back-off is followed by none; the next one is longer.
  if (BACK_OFF.test(step)) return /: back-off [24]0s /.test(seen)
  const run = /: ended with (.*); before: .*; (\d) restarts/.exec(step)
  return run !== null && BACK_OFF.test(seen) && seen.includes(`; before: ended with ${run[1]}; ${run[2]} restarts`)
}

/** The recorded pod with times that a machine may need that has much to do: for a probe's answer, a hook, and to run at all. */
export function unhurried(spec: RecordedPod['spec']): RecordedPod['spec'] {
  const containers = spec.containers.map((container) => ({ ...container, ...patientProbes(container) }))
  const hasHook = containers.some(({ lifecycle }) => lifecycle?.preStop !== undefined)
  return {
    ...{ ...spec, containers },
    ...(spec.activeDeadlineSeconds ? { activeDeadlineSeconds: DEADLINE_SECONDS } : {}),
    ...(hasHook ? { terminationGracePeriodSeconds: GRACE_SECONDS } : {}),
  }
}

const PROBES = ['startupProbe', 'livenessProbe', 'readinessProbe'] as const
const PROBE_SECONDS = 30
const DEADLINE_SECONDS = 30
const GRACE_SECONDS = 15

function patientProbes(container: Container): Partial<Container> {
  const there = PROBES.filter((name) => container[name] !== undefined)
  return Object.fromEntries(there.map((name) => [name, { ...container[name], timeoutSeconds: PROBE_SECONDS }]))
}
