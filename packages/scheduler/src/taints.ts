import { type Taint, type Toleration, tolerates } from '@skiff/api'

/** Effects that keep a pod from being placed; PreferNoSchedule only costs points. */
const HARD_EFFECTS: readonly string[] = ['NoSchedule', 'NoExecute']

/** The first taint with one of `effects` that none of the tolerations accepts. */
export function untoleratedTaint(
  taints: readonly Taint[],
  tolerations: readonly Toleration[],
  effects: readonly string[] = HARD_EFFECTS,
): Taint | undefined {
  return taints.find((taint) => effects.includes(taint.effect) && !tolerations.some((one) => tolerates(one, taint)))
}
