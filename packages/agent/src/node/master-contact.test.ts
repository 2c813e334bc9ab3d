import { afterEach, beforeEach, expect, test } from 'vitest'
import { JoinError } from '../bootstrap/join-error.ts'
import { type AskingOptions, contactMaster } from './master-contact.ts'

const logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }
let stop: AbortController
let options: AskingOptions

beforeEach(() => {
  stop = new AbortController()
  options = { random: () => 0, logger, signal: stop.signal }
})
afterEach(() => stop.abort())

test('the master is away until it answers, however often it has to be asked', async () => {
  let asked = 0
  const contact = contactMaster(async () => {
    asked += 1
    if (asked === 1) throw new Error('connect ECONNREFUSED')
  }, options)
  expect(contact.isAway).toBe(true)
  await contact.made
  expect(contact.isAway).toBe(false)
  expect(asked).toBe(2)
})

test('a master that refuses this node is not asked again, and has not taken it', async () => {
  const refusal = new JoinError('the node name is taken')
  const contact = contactMaster(() => Promise.reject(refusal), options)
  await expect(contact.made).rejects.toBe(refusal)
  expect(contact.isAway).toBe(true)
})

test('an agent that ends asks no more', async () => {
  const contact = contactMaster(() => Promise.reject(new Error('connect ECONNREFUSED')), options)
  stop.abort()
  await expect(contact.made).rejects.toThrow()
})
