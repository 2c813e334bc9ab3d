import {
  type Container,
  type FieldError,
  type FieldPath,
  forbiddenField,
  httpHeaderNameProblems,
  invalid,
  invalidEach,
  type Probe,
  required,
} from '@skiff/api'
import { validateChoice } from '../validate-choice.ts'
import { validateNonNegative } from '../validate-numbers.ts'
import { validatePortNumberOrName } from './validate-ports.ts'

type Lifecycle = NonNullable<Container['lifecycle']>
type LifecycleHandler = NonNullable<Lifecycle['preStop']>
type Handler = Pick<Probe, 'exec' | 'httpGet' | 'tcpSocket' | 'grpc'> & Pick<LifecycleHandler, 'sleep'>
type HttpGet = NonNullable<Probe['httpGet']>

const SCHEMES = ['HTTP', 'HTTPS']

export function validateProbes({ livenessProbe, readinessProbe, startupProbe }: Container, at: FieldPath): FieldError[] {
  const readinessField = at.child('readinessProbe')
  return [
    ...validateSingleSuccessProbe(livenessProbe, at.child('livenessProbe')),
    ...validateProbe(readinessProbe, readinessField),
    ...validateNoGrace(readinessProbe, readinessField.child('terminationGracePeriodSeconds')),
    ...validateSingleSuccessProbe(startupProbe, at.child('startupProbe')),
  ]
}

function validateSingleSuccessProbe(probe: Probe | undefined, field: FieldPath): FieldError[] {
  const errors = validateProbe(probe, field)
  if (probe && probe.successThreshold !== 1)
    errors.push(invalid(field.child('successThreshold'), probe.successThreshold, 'must be 1'))
  return errors
}

function validateNoGrace(probe: Probe | undefined, field: FieldPath): FieldError[] {
  const seconds = probe?.terminationGracePeriodSeconds
  return seconds === undefined ? [] : [invalid(field, seconds, 'must not be set for readinessProbes')]
}

function validateProbe(probe: Probe | undefined, field: FieldPath): FieldError[] {
  if (!probe) return []
  const { initialDelaySeconds, timeoutSeconds, periodSeconds, successThreshold, failureThreshold } = probe
  const numbers = { initialDelaySeconds, timeoutSeconds, periodSeconds, successThreshold, failureThreshold }
  const errors = [
    ...validateHandler(probe, field),
    ...Object.entries(numbers).flatMap(([name, value]) => validateNonNegative(value, field.child(name))),
  ]
  const grace = probe.terminationGracePeriodSeconds
  if (grace !== undefined && grace <= 0) {
    errors.push(invalid(field.child('terminationGracePeriodSeconds'), grace, 'must be greater than 0'))
  }
  return errors
}

export function validateLifecycle(
  lifecycle: Lifecycle | undefined,
  graceSeconds: number | undefined,
  field: FieldPath,
): FieldError[] {
  return [
    ...(lifecycle?.postStart ? validateHandler(lifecycle.postStart, field.child('postStart'), graceSeconds) : []),
    ...(lifecycle?.preStop ? validateHandler(lifecycle.preStop, field.child('preStop'), graceSeconds) : []),
  ]
}

/** Exactly one way to ask; further ones are reported and not looked at. */
function validateHandler(handler: Handler, field: FieldPath, graceSeconds?: number): FieldError[] {
  const checks: [string, (() => FieldError[]) | undefined][] = [
    ['exec', handler.exec && (() => validateExec(handler.exec, field.child('exec')))],
    ['httpGet', handler.httpGet && (() => validateHttpGet(handler.httpGet as HttpGet, field.child('httpGet')))],
    [
      'tcpSocket',
      handler.tcpSocket && (() => validatePortNumberOrName(handler.tcpSocket?.port ?? 0, field.child('tcpSocket', 'port'))),
    ],
    ['grpc', handler.grpc && (() => validatePortNumberOrName(handler.grpc?.port ?? 0, field.child('grpc', 'port')))],
    ['sleep', handler.sleep && (() => validateSleep(handler.sleep?.seconds ?? 0, graceSeconds, field.child('sleep')))],
  ]
  const given = checks.flatMap(([name, check]) => (check ? [{ name, check }] : []))
  const [first, ...others] = given
  if (!first) return [required(field, 'must specify a handler type')]
  return [
    ...first.check(),
    ...others.map(({ name }) => forbiddenField(field.child(name), 'may not specify more than 1 handler type')),
  ]
}

function validateExec(exec: Probe['exec'], field: FieldPath): FieldError[] {
  return (exec?.command ?? []).length === 0 ? [required(field.child('command'))] : []
}

function validateHttpGet({ path, port, scheme, httpHeaders = [] }: HttpGet, field: FieldPath): FieldError[] {
  return [
    ...(path ? [] : [required(field.child('path'))]),
    ...validatePortNumberOrName(port, field.child('port')),
    ...validateChoice(scheme, SCHEMES, field.child('scheme')),
    ...httpHeaders.flatMap(({ name }) => invalidEach(field.child('httpHeaders'), name, httpHeaderNameProblems(name))),
  ]
}

function validateSleep(seconds: number, graceSeconds: number | undefined, field: FieldPath): FieldError[] {
  if (graceSeconds === undefined || (seconds >= 0 && seconds <= graceSeconds)) return []
  return [invalid(field, seconds, `must be non-negative and less than terminationGracePeriodSeconds (${graceSeconds})`)]
}
