import { readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'

const PACKAGES = join(import.meta.dirname, '..', '..', 'packages')

/** Which of our packages each may import: what the arrows of README.md's picture need, and nothing else. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  api: [],
  store: ['api'],
  client: ['api'],
  apiserver: ['api', 'store', 'client'],
  scheduler: ['api', 'client'],
  controllers: ['api', 'client'],
  agent: ['api', 'client'],
  proxy: ['api', 'client'],
  master: ['api', 'store', 'client', 'apiserver', 'scheduler', 'controllers'],
  cli: ['api', 'client', 'master', 'agent', 'proxy'],
}

/** Libraries that one place alone may use. */
const ONLY_IN: Record<string, string> = {
  fastify: 'apiserver/src/',
  dockerode: 'agent/src/runtime/',
  'http-proxy': 'proxy/src/gateway/',
  'better-sqlite3': 'store/src/',
}

interface Import {
  readonly file: string
  readonly pkg: string
  readonly target: string
}

const imports = readdirSync(PACKAGES).flatMap((pkg) => sourcesOf(pkg).flatMap((file) => importsOf(pkg, file)))

function sourcesOf(pkg: string): string[] {
  return readdirSync(join(PACKAGES, pkg, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.tsx?$/.test(file))
    .map((file) => join(PACKAGES, pkg, 'src', file))
}

function importsOf(pkg: string, file: string): Import[] {
  const source = readFileSync(file, 'utf8')
  const statements = source.matchAll(
    /^\s*(?:import|export)\b[^'"]*?from\s+['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]|^import\s+['"]([^'"]+)['"]|createRequire\(import\.meta\.url\)\(['"]([^'"]+)['"]\)/gm,
  )
  return [...statements].map((match) => ({
    pkg,
    file: relative(PACKAGES, file),
    target: match[1] ?? match[2] ?? match[3] ?? match[4] ?? '',
  }))
}

/** Tests and what only they use may reach further: a contract suite imports vitest, a fixture another package. */
const isTestCode = (file: string) => /\.(test|contract|fixture)\.ts$/.test(file) || file.includes('/testing')
const packageName = (target: string) =>
  target
    .split('/')
    .slice(0, target.startsWith('@') ? 2 : 1)
    .join('/')
const isOurs = (target: string) => target.startsWith('@skiff/')
const isRelative = (target: string) => target.startsWith('.')
const isBuiltIn = (target: string) => target.startsWith('node:') || builtinModules.includes(target)

describe('the architecture', () => {
  it('finds the imports of every package', () => {
    expect(new Set(imports.map(({ pkg }) => pkg))).toEqual(new Set(Object.keys(MAY_IMPORT)))
  })

  it('lets packages import only what lies below them', () => {
    const wrong = imports.filter(
      ({ pkg, target, file }) =>
        isOurs(target) && !isTestCode(file) && !MAY_IMPORT[pkg]?.includes(target.slice('@skiff/'.length)),
    )
    expect(wrong).toEqual([])
  })

  it('lets packages import each other through their front door only', () => {
    expect(imports.filter(({ target }) => isOurs(target) && target.split('/').length > 2)).toEqual([])
    const escaping = imports.filter(
      ({ pkg, file, target }) => isRelative(target) && relative(join(pkg, 'src'), join(dirname(file), target)).startsWith('..'),
    )
    expect(escaping).toEqual([])
  })

  it('keeps each prescribed library in its one place', () => {
    const stray = imports.filter(({ file, target }) => {
      const place = ONLY_IN[packageName(target)]
      return place !== undefined && !file.startsWith(place)
    })
    expect(stray).toEqual([])
  })

  it('declares what it imports, and imports what it declares', () => {
    for (const pkg of Object.keys(MAY_IMPORT)) {
      const manifest = JSON.parse(readFileSync(join(PACKAGES, pkg, 'package.json'), 'utf8')) as {
        dependencies?: Record<string, string>
      }
      const declared = Object.keys(manifest.dependencies ?? {})
      const used = imports.filter(
        (entry) => entry.pkg === pkg && !isTestCode(entry.file) && !isRelative(entry.target) && !isBuiltIn(entry.target),
      )
      const names = new Set(used.map(({ target }) => packageName(target)))
      expect([pkg, [...names].filter((name) => !declared.includes(name))]).toEqual([pkg, []])
      expect([pkg, declared.filter((name) => !names.has(name))]).toEqual([pkg, []])
    }
  })
})
