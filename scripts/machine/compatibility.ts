/** The section "Machines" of docs/compatibility.md: a part for each machine, between marks of its own. Pure. */
import type { CheckResult, MachineResult } from './results.ts'

const HEADING = `## Machines

Whole emulated Debians, as \`scripts/test-machine\` last saw them. An emulated processor is 20 to 40 times slower than a real
one: the seconds only tell what took long.
`

export function machineSection({ suite, facts, checks, problem }: MachineResult, now: Date): string {
  const failed = checks.filter(({ ok }) => !ok).length
  const outcome = problem ?? (failed === 0 ? `all ${checks.length} checks hold` : `${failed} of ${checks.length} checks fail`)
  const described = [...facts].map(([name, value]) => `${name} ${value}`).join(', ')
  return [
    `### Debian ${suite}, ${now.toISOString().slice(0, 10)}: ${outcome}`,
    '',
    ...(described === '' ? [] : [`${described}.`, '']),
    '| check | result | seconds |',
    '|---|---|---|',
    ...checks.map(row),
    '',
  ].join('\n')
}

function row({ name, ok, seconds, detail }: CheckResult): string {
  const result = [ok ? 'holds' : '**fails**', detail].filter(Boolean).join(': ')
  return `| ${cell(name)} | ${cell(result)} | ${seconds} |`
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}

/** Replaces the machine's part, or adds it (and the heading); the rest of the page is not touched. */
export function withSection(page: string, suite: string, section: string): string {
  const begin = `<!-- machine ${suite}: written by scripts/test-machine -->`
  const end = `<!-- end of machine ${suite} -->`
  const part = `${begin}\n${section}${end}`
  const [from, to] = [page.indexOf(begin), page.indexOf(end)]
  if (from >= 0 && to > from) return `${page.slice(0, from)}${part}${page.slice(to + end.length)}`
  const headed = page.includes('\n## Machines\n') ? page : `${page.trimEnd()}\n\n${HEADING}`
  const heading = headed.indexOf('\n## Machines\n') + 1
  const next = headed.indexOf('\n## ', heading)
  const place = next < 0 ? headed.length : next
  return `${headed.slice(0, place).trimEnd()}\n\n${part}\n${headed.slice(place)}`
}
