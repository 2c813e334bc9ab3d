import type { Pod } from '@skiff/api'
import { expect, test } from 'vitest'
import { hostnameOf, hostsFile, resolvConf, sandboxHostname } from './pod-files.ts'

const DNS = { nameserver: '10.96.0.10', domain: 'cluster.local' }
const HOST = 'nameserver 192.0.2.1\nsearch example.org\noptions edns0\n'

function podWith(spec: object): Pod {
  const metadata = { name: 'web-0', namespace: 'blog', uid: 'u', resourceVersion: '1', creationTimestamp: '' }
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [], ...spec } }
}

test('a pod asks the cluster’s DNS, for short names in its own namespace first', () => {
  expect(resolvConf(podWith({}), DNS, HOST)).toBe(
    'nameserver 10.96.0.10\nsearch blog.svc.cluster.local svc.cluster.local cluster.local example.org\noptions ndots:5\n',
  )
})

test('dnsPolicy Default, and pods on the host’s network, get the host’s', () => {
  for (const spec of [{ dnsPolicy: 'Default' }, { hostNetwork: true }]) {
    expect(resolvConf(podWith(spec), DNS, HOST)).toBe('nameserver 192.0.2.1\nsearch example.org\noptions edns0\n')
  }
  expect(resolvConf(podWith({ hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' }), DNS, HOST)).toContain(
    'nameserver 10.96.0.10',
  )
})

test('dnsConfig adds servers and domains, and overrides options', () => {
  const dnsConfig = { nameservers: ['1.1.1.1'], searches: ['a.b'], options: [{ name: 'ndots', value: '2' }, { name: 'rotate' }] }
  expect(resolvConf(podWith({ dnsConfig }), DNS, '')).toBe(
    'nameserver 10.96.0.10\nnameserver 1.1.1.1\nsearch blog.svc.cluster.local svc.cluster.local cluster.local a.b\noptions ndots:2 rotate\n',
  )
  expect(resolvConf(podWith({ dnsPolicy: 'None', dnsConfig: { nameservers: ['1.1.1.1'] } }), DNS, HOST)).toBe(
    'nameserver 1.1.1.1\n',
  )
})

test('hosts names the pod, with its subdomain, and the aliases it asks for', () => {
  const pod = podWith({ hostname: 'h', subdomain: 'sub', hostAliases: [{ ip: '1.2.3.4', hostnames: ['foo', 'bar'] }] })
  const hosts = hostsFile(pod, '10.244.1.2', DNS, '')
  expect(hosts).toContain('\n10.244.1.2\th.sub.blog.svc.cluster.local\th\n')
  expect(hosts).toContain('# Entries added by HostAliases.\n1.2.3.4\tfoo\tbar\n')
  expect(sandboxHostname({ ...pod, spec: { ...pod.spec, setHostnameAsFQDN: true } }, DNS)).toBe('h.sub.blog.svc.cluster.local')
})

test('a name that is too long for a hostname is cut', () => {
  const pod = podWith({})
  const long = { ...pod, metadata: { ...pod.metadata, name: `${'a'.repeat(62)}.bcd` } }
  expect(hostnameOf(long)).toBe('a'.repeat(62))
})
