import { expect, test } from 'vitest'
import { withoutObjectLiterals } from './object-literals.ts'

test.each([
  ['object.spec.replicas + 1', 'object.spec.replicas + 1'],
  ['Object{}', '{}'],
  ['Object{a: 1, b: "x, {y}"}', '{"a": dyn( 1), "b": dyn( "x, {y}")}'],
  ['[JSONPatch{op: "add", value: Object.spec{n: [1, 2]}}]', '[{"op": dyn( "add"), "value": dyn( {"n": dyn( [1, 2])})}]'],
  ['{"plain": MyObject{a: 1}}', '{"plain": MyObject{a: 1}}'],
  [
    "Object{a__dash__b: 'it\\'s', __namespace__: {\"k\": f(1, 2)}}",
    '{"a-b": dyn( \'it\\\'s\'), "namespace": dyn( {"k": f(1, 2)})}',
  ],
  ['Object{a: 1} // Object{b', '{"a": dyn( 1)} // Object{b'],
])('%s becomes %s', (expression, expected) => {
  expect(withoutObjectLiterals(expression)).toBe(expected)
})

test('is quick with what nobody means', () => {
  const before = process.cpuUsage()
  withoutObjectLiterals(`${'Object{'.repeat(3_000)}${"'".repeat(3_000)}`)
  const { user, system } = process.cpuUsage(before)
  // Of the processor's time, whatever else the machine does.
  expect((user + system) / 1_000).toBeLessThan(2_000)
})
