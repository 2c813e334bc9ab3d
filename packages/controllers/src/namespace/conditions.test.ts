import { findCondition } from '@skiff/api'
import { expect, test } from 'vitest'
import { NOW } from '../testing/objects.ts'
import { deletionConditions } from './conditions.ts'

const nothing = { resources: new Map(), finalizers: new Map(), deletionFailures: [], discoveryFailures: [] }

test('says what is left and which finalizers hold it', () => {
  const remaining = {
    ...nothing,
    resources: new Map([
      ['pods.', 2],
      ['widgets.example.com', 1],
    ]),
    finalizers: new Map([['example.com/hold', 1]]),
  }
  const conditions = deletionConditions(undefined, remaining, NOW)
  expect(findCondition(conditions, 'NamespaceContentRemaining')).toMatchObject({
    status: 'True',
    reason: 'SomeResourcesRemain',
    message: 'Some resources are remaining: pods. has 2 resource instances, widgets.example.com has 1 resource instances',
  })
  expect(findCondition(conditions, 'NamespaceFinalizersRemaining')).toMatchObject({
    status: 'True',
    message: 'Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances',
  })
  expect(findCondition(conditions, 'NamespaceDeletionContentFailure')).toMatchObject({
    status: 'False',
    reason: 'ContentDeleted',
  })
})

test('says when a group could not be asked', () => {
  const conditions = deletionConditions([], { ...nothing, discoveryFailures: ['metrics.k8s.io/v1: no answer'] }, NOW)
  expect(findCondition(conditions, 'NamespaceDeletionDiscoveryFailure')).toMatchObject({
    status: 'True',
    message: 'Discovery failed for some groups, metrics.k8s.io/v1: no answer',
  })
})
