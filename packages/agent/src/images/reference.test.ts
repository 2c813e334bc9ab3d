import { expect, test } from 'vitest'
import { ImageError } from '../runtime/runtime.ts'
import { canonicalName, parseReference } from './reference.ts'

const DIGEST = `sha256:${'a'.repeat(64)}`

test.for([
  ['nginx', 'docker.io/library/nginx:latest'],
  ['nginx:1.27', 'docker.io/library/nginx:1.27'],
  ['library/nginx', 'docker.io/library/nginx:latest'],
  ['docker.io/nginx', 'docker.io/library/nginx:latest'],
  ['index.docker.io/library/nginx', 'docker.io/library/nginx:latest'],
  ['someone/app', 'docker.io/someone/app:latest'],
  ['localhost/app', 'localhost/app:latest'],
  ['localhost:5000/team/app:v1', 'localhost:5000/team/app:v1'],
  ['registry.example.com/app', 'registry.example.com/app:latest'],
  ['registry.k8s.io/pause:3.10', 'registry.k8s.io/pause:3.10'],
  [`nginx@${DIGEST}`, `docker.io/library/nginx@${DIGEST}`],
  [`nginx:1.27@${DIGEST}`, `docker.io/library/nginx@${DIGEST}`],
] as const)('%s is %s', ([image, name]) => {
  expect(canonicalName(parseReference(image))).toBe(name)
})

test.for([
  '',
  'Nginx',
  'nginx:',
  'nginx:-x',
  'nginx@sha256:abc',
  'a//b',
  '-nginx',
  'http://example.com/app',
  'nginx latest',
  ':tag',
])('“%s” is no image name', (image) => {
  expect(() => parseReference(image)).toThrow(expect.objectContaining({ name: 'ImageError', reason: 'InvalidImageName' }))
})

test('the complaint names the image as it was written', () => {
  const parse = () => parseReference('Shop/Cart')

  expect(parse).toThrow(ImageError)
  expect(parse).toThrow(`couldn't parse image reference "Shop/Cart": invalid reference format: repository name must be lowercase`)
})
