import { describe, expect, test } from 'vitest'
import { CelBudget, type CelObject, type CelType, celValue, compileCel, escapeFieldName, jsonOf } from './index.ts'

const WIDGET: CelObject = {
  kind: 'object',
  fields: new Map<string, CelType>([
    ['replicas', 'int'],
    ['ratio', 'double'],
    ['name', 'string'],
    ['my-name', 'string'],
    ['tags', { kind: 'list', items: 'string' }],
    ['labels', { kind: 'map', values: 'string' }],
    ['since', 'timestamp'],
    ['every', 'duration'],
    ['port', 'dyn'],
    ['items', { kind: 'list', items: { kind: 'object', fields: new Map<string, CelType>([['id', 'int']]) } }],
  ]),
}

const widget = {
  replicas: 3,
  ratio: 2,
  name: 'web',
  'my-name': 'x',
  tags: ['b', 'a'],
  labels: { app: 'web' },
  since: '2026-01-02T03:04:05Z',
  every: '1h30m',
  port: 80,
  items: [{ id: 1 }, { id: 2 }],
}

function run(expression: string, self: unknown = widget, budget = new CelBudget()) {
  const compiled = compileCel(expression, { variables: { self: WIDGET, oldSelf: WIDGET } })
  if (!compiled.ok) return compiled.message
  const outcome = compiled.program.evaluate({ self, oldSelf: widget }, budget)
  return outcome.ok ? jsonOf(outcome.value) : outcome.message
}

const problem = (expression: string) => {
  const compiled = compileCel(expression, { variables: { self: WIDGET }, resultType: 'bool' })
  return compiled.ok ? 'compiled' : compiled.message
}

test.each([
  'self.replicas == 3 && self.replicas + 1 > 3',
  'self.ratio == 2.0',
  "self.my__dash__name == 'x'",
  "self.tags.all(t, t.size() == 1) && self.tags.exists(t, t == 'a')",
  "self.labels['app'] == 'web' && 'app' in self.labels",
  "self.labels.all(k, k.startsWith('a'))",
  'has(self.name) && !has(self.labels.nope)',
  'self == oldSelf',
  'self.items == oldSelf.items && self.items.exists(i, i.id == 2)',
  "self.since < timestamp('2027-01-01T00:00:00Z') && self.since.getDayOfMonth() == 1",
  "self.every == duration('90m')",
  "type(self.port) == int ? self.port < 100 : self.port == '80'",
  '!self.tags.isSorted() && [1, 2, 3].sum() == 6 && [3, 1].min() == 1 && [3, 1].max() == 3',
  "self.tags.indexOf('a') == 1 && self.tags.lastIndexOf('z') == -1",
  "'abc'.matches('^a.c$') && 'a1b22'.findAll('[0-9]+') == ['1', '22'] && 'a1'.find('[0-9]') == '1'",
  "'tacocat'.substring(0, 4) == 'taco' && 'a,b'.split(',') == ['a', 'b'] && 'aXa'.replace('a', 'b', 1) == 'bXa'",
  "'😀b'.indexOf('b') == 1 && '😀'.size() == 1 && 'ab'.charAt(1) == 'b'",
  "' x '.trim() == 'x' && 'Ä B'.lowerAscii() == 'Ä b'",
  "url('https://example.com:80/a?b=c').getHostname() == 'example.com' && url('https://e.com:80/').getPort() == '80'",
  "isURL('/path') && !isURL('../x') && url('https://e.com/p?k=a&k=b').getQuery()['k'] == ['a', 'b']",
  "quantity('1.5Gi').isGreaterThan(quantity('1Gi')) && quantity('1').add(quantity('500m')) == quantity('1.5')",
  "!isQuantity('1Q') && quantity('50k').asInteger() == 50000",
  "ip('10.0.0.1').family() == 4 && isIP('::1') && !isIP('010.0.0.1') && ip('127.0.0.1').isLoopback()",
  "cidr('10.0.0.0/8').containsIP('10.1.2.3') && cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16') && cidr('10.1.2.3/8').masked() == cidr('10.0.0.0/8')",
  "!format.dns1123Label().validate('ok').hasValue()",
  "format.dns1123Label().validate('Not Ok').hasValue() && format.named('uuid').hasValue() && !format.named('x').hasValue()",
  "sets.contains([1, 2, 3], [1]) && sets.equivalent([1, 2], [2, 1]) && sets.intersects(['a'], ['a', 'b'])",
  "self.?name.orValue('none') == 'web' && optional.of(1).optMap(x, x + 1).value() == 2",
  "self.tags.all(i, t, i < 2 && t.size() == 1) && self.labels.exists(k, v, k == 'app' && v == 'web')",
  "self.tags.transformList(i, t, t + string(i)) == ['b0', 'a1'] && self.labels.transformMap(k, v, v + '!') == {'app': 'web!'}",
  "'%s is %d'.format(['x', 3]) == 'x is 3' && '%.2f'.format([1.5]) == '1.50'",
  "semver('1.2.3').isLessThan(semver('1.10.0')) && !isSemver('1.2') && semver('1.2.3-a').minor() == 2",
  'false || (1 / 0 > 0 || true)',
])('%s', (expression) => expect(run(expression)).toBe(true))

describe('what does not compile is refused in kube-apiserver’s form', () => {
  test('an unknown field', () =>
    expect(problem('self.z == 100')).toBe("ERROR: <input>:1:5: undefined field 'z'\n | self.z == 100\n | ....^"))
  test('an unknown field that is asked for', () => expect(problem('has(self.z)')).toContain("1:9: undefined field 'z'"))
  test('an unknown variable', () =>
    expect(problem('nope == 1')).toBe("ERROR: <input>:1:1: undeclared reference to 'nope' (in container '')\n | nope == 1\n | ^"))
  test('types that do not go together', () =>
    expect(problem("self.replicas == 'x'")).toBe(
      "ERROR: <input>:1:15: found no matching overload for '_==_' applied to '(int, string)'\n | self.replicas == 'x'\n | ..............^",
    ))
  test('an unknown method', () =>
    expect(problem("self.name.nope('x')")).toContain("1:15: found no matching overload for 'nope' applied to 'string.(string)'"))
  test('a method of ours with a wrong argument goes by the name that was written', () =>
    expect(problem('self.name.matches(1)')).toContain("found no matching overload for 'matches' applied to 'string.(int)'"))
  test('a broken sentence', () => expect(problem('self.replicas ==')).toContain('Syntax error: '))
  test('a list of this and that', () =>
    expect(problem("1 in [1, 'a']")).toBe(
      "ERROR: <input>:1:10: expected type 'int' but found 'string'\n | 1 in [1, 'a']\n | .........^",
    ))
  test('another type than was asked for', () => expect(problem('self.replicas')).toBe('must evaluate to bool'))
})

describe('what fails while it runs says why', () => {
  test.each([
    ['self.labels.nope == "x"', 'no such key: nope'],
    ['self.tags[7] == "x"', 'index out of bounds: 7'],
    ['1 / (self.replicas - 3) == 1', 'division by zero'],
    ['self.name.matches(self.name + "(")', 'error parsing regexp: missing closing ): `web(`'],
  ])('%s', (expression, message) => expect(run(expression)).toBe(message))
})

describe('an expression costs no more than it may', () => {
  const list = (n: number) => ({ ...widget, tags: Array.from({ length: n }, (_, i) => `tag-${i}`) })
  const EXCEEDED = 'operation cancelled: actual cost limit exceeded'

  test.each([
    'self.tags.all(a, self.tags.all(b, a == b || true))',
    'self.tags.all(a, self.tags == self.tags)',
    'self.tags.all(a, self.tags.map(b, a + b).size() > 0) || true',
    'self.tags.map(a, self.tags.map(b, self.tags)).size() == 0',
    'self.tags.all(a, sets.equivalent(self.tags, self.tags))',
  ])('%s', (expression) => expect(run(expression, list(3_000))).toBe(EXCEEDED))

  test('nor does text that doubles, or a pattern over long text', () => {
    const doubled = Array.from({ length: 40 }, (_, i) => `cel.bind(x${i + 1}, x${i} + x${i}, `).join('')
    expect(run(`cel.bind(x0, 'aaaaaaaaaa', ${doubled}x40.size() > 0${')'.repeat(41)}`)).toBe(EXCEEDED)
    const long = { ...widget, name: 'a'.repeat(500_000) }
    expect(run("self.name.matches('^((a?){500}){2}$')", long)).toBe(EXCEEDED)
  })

  test('and all of them together no more than their budget', () => {
    const budget = new CelBudget(20)
    expect(run('self.tags.all(t, t.size() > 0)', widget, budget)).toBe(true)
    expect(run('self.tags.all(t, t.size() > 0)', list(20), budget)).toBe(EXCEEDED)
    expect(budget.isSpent).toBe(true)
    expect(run('true', widget, budget)).toBe(EXCEEDED)
  })
})

test('untyped JSON is dyn: whole numbers are int, keys that JavaScript minds are keys', () => {
  const compiled = compileCel(
    "object.spec.replicas + 1 == 4 && object.spec['constructor'] == 'x' && !has(object.spec.toString)",
    {
      variables: { object: 'dyn' },
    },
  )
  const object = celValue({ spec: { replicas: 3, constructor: 'x' } })
  expect(compiled.ok && compiled.program.evaluate({ object }, new CelBudget())).toEqual({ ok: true, value: true })
})

test.each([
  ['namespace', '__namespace__'],
  ['a.b/c-d__e', 'a__dot__b__slash__c__dash__d__underscores__e'],
  ['0a', undefined],
  ['a b', undefined],
])('the field %s is written %s', (name, escaped) => expect(escapeFieldName(name)).toBe(escaped))
