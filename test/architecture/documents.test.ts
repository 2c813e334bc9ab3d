import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '..', '..')
const PACKAGES = readdirSync(join(ROOT, 'packages'))

const markdownIn = (folder: string) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name))

const read = (file: string) => readFileSync(join(ROOT, file), 'utf8')

const FOR_TESTS = new Set(['testing', 'testdata'])
/** Documents that tell how things are; decisions tell how they were thought of. */
const DESCRIPTIONS = [
  ...['docs/glossary.md', 'docs/pod-lifecycle.md', 'docs/node-settings.md', 'docs/compatibility.md', 'docs/faults.md'],
  ...markdownIn('docs/checklists'),
  ...PACKAGES.map((name) => `packages/${name}/README.md`),
]
const SOURCES = ['packages', 'scripts', 'test'].flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !/(^|\/)(node_modules|dist)\//.test(name))
    .map((name) => join(folder, name)),
)

describe('the documents', () => {
  it.each(['README.md', ...markdownIn('docs'), ...PACKAGES.map((name) => `packages/${name}/README.md`)])(
    '%s links to nothing that is not there',
    (file) => {
      const targets = [...read(file).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target.replace(/#.*$/, ''))
      const relative = targets.filter((target) => target !== '' && !/^[a-z]+:/.test(target))
      expect(relative.filter((target) => !existsSync(join(ROOT, dirname(file), target)))).toEqual([])
    },
  )

  it('docs/pod-flow.md names files that exist', () => {
    const sections = read('docs/pod-flow.md').split(/^## /m)
    expect(sections.flatMap(missingFilesOf)).toEqual([])
  })

  it('docs/faults.md names tests that exist', () => {
    const named = [...read('docs/faults.md').matchAll(/`([\w./-]+\.test\.ts)`: ((?:"[^"|]+"(?:, )?)+)/g)].flatMap(
      ([, file = '', titles = '']) =>
        [...titles.matchAll(/"([^"]+)"/g)].map(
          ([, title = '']) => [file.startsWith('test/') ? file : `packages/${file}`, title] as const,
        ),
    )
    expect(named.length).toBeGreaterThan(30)
    expect(named.filter(([file, title]) => !read(file).includes(title))).toEqual([])
  })

  it('docs/glossary.md tells of every label of a container', () => {
    const labels = [...read('packages/agent/src/pods/labels.ts').matchAll(/^export const \w+ = '(.+)'$/gm)].map(
      ([, label]) => label,
    )
    expect(labels.length).toBeGreaterThan(15)
    expect(labels.filter((label) => !read('docs/glossary.md').includes(`\`${label}\``))).toEqual([])
  })

  it.each(PACKAGES)('packages/%s/README.md tells of every folder', (name) => {
    const folders = readdirSync(join(ROOT, 'packages', name, 'src'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !FOR_TESTS.has(entry.name))
      .map((entry) => `\`${entry.name}/`)
    const text = read(`packages/${name}/README.md`)
    expect(folders.filter((folder) => !text.includes(folder))).toEqual([])
  })

  it.each(DESCRIPTIONS)('%s names source files that exist', (file) => {
    const named = pathsIn(read(file)).filter((path) => path.endsWith('.ts'))
    expect(named.filter((path) => !SOURCES.some((source) => `/${source}`.endsWith(`/${inSource(path)}`)))).toEqual([])
  })

  it.each(PACKAGES)('packages/%s/README.md lists files that exist', (name) => {
    const table = read(`packages/${name}/README.md`).match(/^\| .*$/gm) ?? []
    const files = table.flatMap((row) => pathsIn(row.split('|')[1] ?? ''))
    expect(table.length).toBeGreaterThan(2)
    expect(missing(files, [`packages/${name}/src`, `packages/${name}`])).toEqual([])
  })
})

/** A path may begin with a package's name. */
function inSource(path: string): string {
  const [first = '', ...rest] = path.split('/')
  return PACKAGES.includes(first) && rest.length > 0 && rest[0] !== 'src' ? ['packages', first, 'src', ...rest].join('/') : path
}

/** Paths of a section of pod-flow are in a package that the section names, or begin with a package's name. */
function missingFilesOf(section: string): string[] {
  const named = PACKAGES.filter((name) => new RegExp(`(packages/|@skiff/|\`)${name}\\b`).test(section))
  return missing(pathsIn(section), ['.', ...named.map((name) => `packages/${name}/src`)])
}

/** A bare name may also be a neighbour of the path before it. */
function missing(paths: readonly string[], folders: readonly string[]): string[] {
  let neighbours: string[] = []
  return paths.filter((path) => {
    const [first = '', ...rest] = path.split('/')
    const inPackage = PACKAGES.includes(first) ? [join('packages', first, 'src', ...rest)] : []
    const places = [...[...folders, ...neighbours].map((folder) => join(folder, path)), ...inPackage]
    const found = places.filter((place) => existsSync(join(ROOT, place)))
    if (found.length > 0) neighbours = found.map((place) => dirname(place))
    return found.length === 0
  })
}

/** What stands in backquotes and looks like a file or a folder. */
function pathsIn(text: string): string[] {
  return [...text.matchAll(/`([\w.-]+(?:\/[\w.-]+)*(?:\.tsx?|\/)|\w[\w.-]*(?:\/[\w.-]+)+)`/g)].map(([, path = '']) => path)
}
