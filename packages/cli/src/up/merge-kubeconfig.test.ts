import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { mergedText, unmergedText } from './merge-kubeconfig.ts'

const admin = {
  clusters: [{ name: 'admin', cluster: { server: 'https://10.0.0.1:6443' } }],
  users: [{ name: 'admin', user: { token: 'x' } }],
  contexts: [{ name: 'admin' }],
}

describe('merging the kubeconfig', () => {
  it('leaves other contexts, the current one and comments alone', () => {
    const text =
      '# mine\ncurrent-context: work\nclusters:\n- {name: work, cluster: {server: https://w}}\nusers: []\ncontexts:\n- {name: work, context: {cluster: work, user: me}}\n'
    const merged = mergedText(text, admin)
    expect(merged).toContain('# mine')
    expect(parse(merged)).toMatchObject({
      'current-context': 'work',
      clusters: [{ name: 'work' }, { name: 'skiff' }],
      contexts: [{ name: 'work' }, { name: 'skiff' }],
    })
  })

  it('makes ours current where there was none, and changes nothing the second time', () => {
    const once = mergedText('', admin)
    expect(parse(once)).toMatchObject({ 'current-context': 'skiff', users: [{ name: 'skiff', user: { token: 'x' } }] })
    expect(parse(mergedText(once, admin))).toEqual(parse(once))
  })
})

describe('taking the kubeconfig out again', () => {
  const ours = {
    ...admin,
    clusters: [{ name: 'admin', cluster: { server: 'https://10.0.0.1:6443', 'certificate-authority-data': 'b3Vycw==' } }],
  }

  it('leaves everything of others as it was, comments too', () => {
    const text =
      '# mine\ncurrent-context: work\nclusters:\n  - { name: work, cluster: { server: https://w } }\nusers: []\ncontexts:\n  - { name: work, context: { cluster: work, user: me } }\n'
    const rest = unmergedText(mergedText(text, ours), ours)
    expect(rest).toBe(text)
  })

  it('leaves nothing where there was nothing before', () => {
    expect(unmergedText(mergedText('', ours), ours)).toBe('')
  })

  it('does not touch a context of the same name that leads to another cluster', () => {
    const other = { ...admin, clusters: [{ name: 'admin', cluster: { 'certificate-authority-data': 'dGhlaXJz' } }] }
    const text = mergedText('', other)
    expect(unmergedText(text, ours)).toBe(text)
  })
})
