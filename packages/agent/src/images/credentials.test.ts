import { expect, test } from 'vitest'
import { credentialsFor } from './credentials.ts'
import { parseReference } from './reference.ts'

const of = (registry: string) => ({ registry, username: registry, password: 'secret' })
const all = [
  of('https://index.docker.io/v1/'),
  of('registry.example.com'),
  of('registry.example.com/team'),
  of('https://registry.example.com/team/app'),
  of('registry.example.com/teams'),
]

test.for([
  ['nginx', ['https://index.docker.io/v1/']],
  [
    'registry.example.com/team/app:1',
    ['https://registry.example.com/team/app', 'registry.example.com/team', 'registry.example.com'],
  ],
  ['registry.example.com/other/app:1', ['registry.example.com']],
  ['registry.example.com:5000/team/app:1', []],
] as const)('%s is pulled as %j', ([image, users]) => {
  expect(credentialsFor(parseReference(image), all).map(({ username }) => username)).toEqual(users)
})
