import { CONFIG_MAPS, ROLES } from '@skiff/api'
import { AGENT_CLIENT_NAME } from '../certificates/master-certificates.ts'
import type { BootstrapObject } from './bootstrap-objects.ts'

const NAME = 'extension-apiserver-authentication'

/**
 * What an extension API server must know to believe this one: by which certificate it comes, and in which headers it
 * says who asks. Found by every such server under this name, and readable for those that the role is bound to.
 */
export function extensionAuthentication(authorityPem: string): BootstrapObject[] {
  const data = {
    'client-ca-file': authorityPem,
    'requestheader-client-ca-file': authorityPem,
    // Of all the certificates that the authority has signed, only the master's own may speak for others.
    'requestheader-allowed-names': JSON.stringify([AGENT_CLIENT_NAME]),
    'requestheader-username-headers': JSON.stringify(['X-Remote-User']),
    'requestheader-uid-headers': JSON.stringify(['X-Remote-Uid']),
    'requestheader-group-headers': JSON.stringify(['X-Remote-Group']),
    'requestheader-extra-headers-prefix': JSON.stringify(['X-Remote-Extra-']),
  }
  const rules = [{ apiGroups: [''], resources: ['configmaps'], resourceNames: [NAME], verbs: ['get', 'list', 'watch'] }]
  const object = (name: string, rest: object) => ({ metadata: { name, namespace: 'kube-system' }, ...rest })
  return [
    { info: CONFIG_MAPS, object: object(NAME, { data }), keep: ['data'] },
    { info: ROLES, object: object(`${NAME}-reader`, { rules }), keep: ['rules'] },
  ]
}
