/** When a node has too little of something, as the kubelet's configuration says it. Pure. */

import { quantityToBytes } from '@skiff/api'
import { type Observation, type Observations, SIGNALS, type Signal } from './signals.ts'

export interface Threshold {
  readonly signal: Signal
  /** Less than this is too little. */
  readonly least: Amount
  /** How long it may be so before pods go; 0: not at all (a hard threshold). */
  readonly graceMs: number
  /** So much more must be there before it is over. */
  readonly reclaim: Amount
}

export type Amount = { readonly bytes: number } | { readonly percent: number }

export interface ThresholdSettings {
  readonly hard: Readonly<Record<string, string>>
  readonly soft: Readonly<Record<string, string>>
  /** Milliseconds, by the signals of `soft`. */
  readonly softGraceMs: Readonly<Record<string, number>>
  readonly minimumReclaim: Readonly<Record<string, string>>
}

const NOTHING: Amount = { bytes: 0 }

/** Throws an Error that names the setting that can't be understood. */
export function thresholdsOf({ hard, soft, softGraceMs, minimumReclaim }: ThresholdSettings): readonly Threshold[] {
  const reclaimOf = (signal: string) => amountOf('evictionMinimumReclaim', signal, minimumReclaim[signal]) ?? NOTHING
  const make = (field: string, signal: string, value: string, graceMs: number): Threshold[] => {
    const least = amountOf(field, signal, value)
    // 0 and 100 % are how a threshold is switched off.
    if (least === undefined || isNever(least)) return []
    return [{ signal: signalOf(field, signal), least, graceMs, reclaim: reclaimOf(signal) }]
  }
  return [
    ...Object.entries(hard).flatMap(([signal, value]) => make('evictionHard', signal, value, 0)),
    ...Object.entries(soft).flatMap(([signal, value]) => {
      const graceMs = softGraceMs[signal]
      if (graceMs === undefined) throw new Error(`evictionSoft: ${signal} has no evictionSoftGracePeriod`)
      return make('evictionSoft', signal, value, graceMs)
    }),
  ]
}

export function quantityOf(amount: Amount, capacity: number): number {
  return 'bytes' in amount ? amount.bytes : Math.floor((capacity * amount.percent) / 100)
}

/** Whether there is too little; once it was so, the minimum to reclaim counts on top. */
export function isMet({ signal, least, reclaim }: Threshold, observations: Observations, wasMet: boolean): boolean {
  const seen = observations.get(signal)
  if (seen === undefined) return wasMet
  return seen.available < bound(seen, least) + (wasMet ? bound(seen, reclaim) : 0)
}

function bound({ capacity }: Observation, amount: Amount): number {
  return quantityOf(amount, capacity)
}

function isNever(amount: Amount): boolean {
  return 'bytes' in amount ? amount.bytes === 0 : amount.percent === 0 || amount.percent >= 100
}

function signalOf(field: string, name: string): Signal {
  const signal = SIGNALS.find((one) => one === name)
  if (signal === undefined) throw new Error(`${field}: unknown eviction signal ${name}: known are ${SIGNALS.join(', ')}`)
  return signal
}

function amountOf(field: string, signal: string, value: string | undefined): Amount | undefined {
  if (value === undefined) return undefined
  try {
    if (!value.endsWith('%')) return { bytes: Number(quantityToBytes(value)) }
  } catch {
    throw new Error(`${field}: ${signal}: "${value}" is neither a quantity (100Mi) nor a percentage (5%)`)
  }
  const percent = Number(value.slice(0, -1))
  if (Number.isNaN(percent) || percent < 0) throw new Error(`${field}: ${signal}: "${value}" is not a percentage`)
  return { percent }
}
