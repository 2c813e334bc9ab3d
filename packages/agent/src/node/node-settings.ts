/** What whoever runs a node may set: a part of the kubelet's own configuration, under its names, and devices. Pure. */

import { quantityToNumber } from '@skiff/api'
import type { EvictionSettings } from '../eviction/eviction-manager.ts'
import { thresholdsOf } from '../eviction/thresholds.ts'
import { DEFAULT_IMAGE_GC, type ImageGcPolicy } from '../images/choose-garbage.ts'

export interface NodeSettings {
  readonly eviction: EvictionSettings
  readonly imageGc: ImageGcPolicy
  /** Also images that were not fetched by the agent are removed when room is needed. */
  readonly removeForeignImages: boolean
  /** Whether `/logs/` shows the host's /var/log to those who may. */
  readonly showsHostLogs: boolean
  /** What the host keeps for itself: `cpu`, `memory`, `ephemeral-storage`, `pid`. */
  readonly reserved: readonly Readonly<Record<string, string>>[]
  readonly devices: Readonly<Record<string, DeviceResource>>
}

/** An extended resource of this node: so many may be asked for, and whoever asks for one gets these devices of the host. */
export interface DeviceResource {
  readonly count: number
  readonly paths: readonly string[]
}

/**
 * Of the disk less than upstream keeps (10 % and 15 %): these hosts have other owners too, and a developer's disk is mostly full
 * (docs/decisions/0017).
 */
export const DEFAULT_EVICTION_HARD: Readonly<Record<string, string>> = {
  'memory.available': '100Mi',
  'nodefs.available': '5%',
  'nodefs.inodesFree': '5%',
  'imagefs.available': '5%',
  'imagefs.inodesFree': '5%',
  'pid.available': '500',
}
const DEFAULT_TRANSITION = '5m'
const DEFAULT_MAX_POD_GRACE_SECONDS = 0
const PERCENT_FIELDS = ['imageGCHighThresholdPercent', 'imageGCLowThresholdPercent'] as const

interface Asked {
  readonly evictionHard?: Readonly<Record<string, string>>
  readonly evictionSoft?: Readonly<Record<string, string>>
  readonly evictionSoftGracePeriod?: Readonly<Record<string, string>>
  readonly evictionMinimumReclaim?: Readonly<Record<string, string>>
  readonly evictionPressureTransitionPeriod?: string
  readonly evictionMaxPodGracePeriod?: number
  readonly imageGCHighThresholdPercent?: number
  readonly imageGCLowThresholdPercent?: number
  readonly imageMinimumGCAge?: string
  readonly imageMaximumGCAge?: string
  readonly removeForeignImages?: boolean
  readonly enableSystemLogHandler?: boolean
  readonly systemReserved?: Readonly<Record<string, string>>
  readonly kubeReserved?: Readonly<Record<string, string>>
  readonly devices?: Readonly<Record<string, { readonly count?: number; readonly paths?: readonly string[] }>>
}

const MAPS = [
  'evictionHard',
  'evictionSoft',
  'evictionSoftGracePeriod',
  'evictionMinimumReclaim',
  'systemReserved',
  'kubeReserved',
]
const NUMBERS = ['evictionMaxPodGracePeriod', ...PERCENT_FIELDS]
const DURATIONS = ['evictionPressureTransitionPeriod', 'imageMinimumGCAge', 'imageMaximumGCAge']
const BOOLEANS = ['removeForeignImages', 'enableSystemLogHandler']
const KNOWN = [...MAPS, ...NUMBERS, ...DURATIONS, ...BOOLEANS, 'devices', 'apiVersion', 'kind']

/**
 * @param given what the configuration file says, parsed; what is absent is as by default
 * Throws an Error that names the field.
 */
export function nodeSettings(given: unknown): NodeSettings {
  const asked = checked(given ?? {})
  const softGraceMs = Object.entries(asked.evictionSoftGracePeriod ?? {}).map(([signal, text]): [string, number] => [
    signal,
    milliseconds('evictionSoftGracePeriod', text),
  ])
  const thresholds = thresholdsOf({
    hard: asked.evictionHard ?? DEFAULT_EVICTION_HARD,
    soft: asked.evictionSoft ?? {},
    softGraceMs: Object.fromEntries(softGraceMs),
    minimumReclaim: asked.evictionMinimumReclaim ?? {},
  })
  const transition = asked.evictionPressureTransitionPeriod ?? DEFAULT_TRANSITION
  return {
    eviction: {
      thresholds,
      transitionMs: milliseconds('evictionPressureTransitionPeriod', transition),
      maxPodGraceSeconds: asked.evictionMaxPodGracePeriod ?? DEFAULT_MAX_POD_GRACE_SECONDS,
    },
    imageGc: imageGcOf(asked),
    removeForeignImages: asked.removeForeignImages ?? false,
    showsHostLogs: asked.enableSystemLogHandler ?? true,
    reserved: [reservation('systemReserved', asked.systemReserved), reservation('kubeReserved', asked.kubeReserved)],
    devices: devicesOf(asked),
  }
}

function imageGcOf(asked: Asked): ImageGcPolicy {
  const { highPercent, lowPercent, minimumAgeMs, maximumAgeMs } = DEFAULT_IMAGE_GC
  const { imageMinimumGCAge: youngest, imageMaximumGCAge: oldest } = asked
  const policy = {
    highPercent: asked.imageGCHighThresholdPercent ?? highPercent,
    lowPercent: asked.imageGCLowThresholdPercent ?? lowPercent,
    minimumAgeMs: youngest === undefined ? minimumAgeMs : milliseconds('imageMinimumGCAge', youngest),
    maximumAgeMs: oldest === undefined ? maximumAgeMs : milliseconds('imageMaximumGCAge', oldest),
  }
  for (const field of PERCENT_FIELDS) {
    const percent = field === 'imageGCHighThresholdPercent' ? policy.highPercent : policy.lowPercent
    if (percent < 0 || percent > 100) throw new Error(`${field}: ${percent} is not between 0 and 100`)
  }
  if (policy.lowPercent < policy.highPercent) return policy
  throw new Error(`imageGCLowThresholdPercent: ${policy.lowPercent} must be less than imageGCHighThresholdPercent`)
}

function reservation(field: string, list: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  for (const [name, quantity] of Object.entries(list)) {
    if (!['cpu', 'memory', 'ephemeral-storage', 'pid'].includes(name)) throw new Error(`${field}: ${name} can't be reserved`)
    try {
      quantityToNumber(quantity)
    } catch {
      throw new Error(`${field}: ${name}: "${quantity}" is not a quantity`)
    }
  }
  return list
}

function devicesOf({ devices = {} }: Asked): Readonly<Record<string, DeviceResource>> {
  const entries = Object.entries(devices).map(([name, { count = 1, paths = [] }]): [string, DeviceResource] => {
    if (!/^[a-z0-9.-]+\/[A-Za-z0-9._-]+$/.test(name) || name.startsWith('kubernetes.io/')) {
      throw new Error(`devices: ${name} is not the name of an extended resource, such as example.com/thing`)
    }
    if (!Number.isInteger(count) || count < 0) throw new Error(`devices: ${name}: count ${count} is not a whole number`)
    if (paths.some((path) => !path.startsWith('/dev/'))) throw new Error(`devices: ${name}: paths must begin with /dev/`)
    return [name, { count, paths }]
  })
  return Object.fromEntries(entries)
}

function checked(given: unknown): Asked {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) throw new Error('it is not a list of settings')
  for (const [field, value] of Object.entries(given)) {
    if (!KNOWN.includes(field)) throw new Error(`${field}: unknown setting; known are ${KNOWN.slice(0, -2).join(', ')}`)
    if (MAPS.includes(field) && !isMapOfText(value)) throw new Error(`${field}: it is not a map of names to texts`)
    if (NUMBERS.includes(field) && typeof value !== 'number') throw new Error(`${field}: it is not a number`)
    if (BOOLEANS.includes(field) && typeof value !== 'boolean') throw new Error(`${field}: it is neither true nor false`)
    if (DURATIONS.includes(field) && typeof value !== 'string') throw new Error(`${field}: it is not a duration such as 5m`)
  }
  return given as Asked
}

function isMapOfText(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.values(value).every((one) => typeof one === 'string')
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

/** As Go writes durations: `2m0s`, `1.5h`, `0s`. */
function milliseconds(field: string, text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)]
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text) {
    throw new Error(`${field}: "${text}" is not a duration such as 30s or 5m`)
  }
  return parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (UNIT_MS[unit ?? ''] ?? 0), 0)
}
