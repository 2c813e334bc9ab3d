import { LIMIT_RANGES, type LimitRange } from '@skiff/api'
import type { ResourceDefinition } from '../../registry/resource-definition.ts'
import { type Amounts, canonicalResourceList } from '../quantities.ts'
import { validateLimitRange } from './validate-limit-range.ts'

export const limitRangeResource: ResourceDefinition = {
  info: LIMIT_RANGES,
  strategy: {
    default: (range: LimitRange) => defaultLimitRange(range),
    validate: (range: LimitRange) => validateLimitRange(range),
  },
}

type Item = LimitRange['spec']['limits'][number]

const LISTS = ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const

function defaultLimitRange({ spec }: LimitRange): void {
  for (const item of spec.limits ?? []) {
    for (const list of LISTS) canonicalResourceList(item[list])
    if (item.type === 'Container') defaultContainerItem(item)
  }
}

/** What isn't said follows from what is: the limit from the maximum, the request from the limit, or else from the minimum. */
function defaultContainerItem(item: Item): void {
  const limits: Amounts = { ...item.max, ...item.default }
  const requests: Amounts = { ...item.min, ...limits, ...item.defaultRequest }
  if (Object.keys(limits).length > 0) item.default = limits
  if (Object.keys(requests).length > 0) item.defaultRequest = requests
}
