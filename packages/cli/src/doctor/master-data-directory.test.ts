import { expect, it } from 'vitest'
import { masterDataDirectory } from './master-data-directory.ts'

const MAIN = '/opt/skiff/packages/cli/dist/bundle/main.js'
const of = (...args: string[]) =>
  masterDataDirectory(['node', '--flag', MAIN, ...args, ''], { cwd: '/home/ada', home: '/var/lib/skiff' })

it.each<[string, string[], string | undefined]>([
  ['the home’s own', ['master'], '/var/lib/skiff/master'],
  ['that of a home that was named', ['--home', '/srv/skiff', 'master', '--port', '7443'], '/srv/skiff/master'],
  ['the one that was named', ['master', '--data-dir', 'here'], '/home/ada/here'],
  ['the one that was named in one word', ['master', '--data-dir=/srv/m'], '/srv/m'],
  ['none for an agent', ['agent', '--node-name', 'master'], undefined],
  ['none for who only writes the service', ['master', '--install-service'], undefined],
])('the data directory of a master is %s', (_, args, directory) => {
  expect(of(...args)).toBe(directory)
})

it('is none of another program', () => {
  expect(masterDataDirectory(['tail', '-f', '/srv/master'], { cwd: '/', home: '/var/lib/skiff' })).toBeUndefined()
})
