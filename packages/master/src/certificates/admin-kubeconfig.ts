export interface KubeconfigOptions {
  /** `https://host:port` */
  readonly server: string
  readonly authorityPem: string
  readonly certificatePem: string
  readonly keyPem: string
}

/** A kubeconfig with everything embedded, so that the one file can be copied to another machine. */
export function adminKubeconfig(options: KubeconfigOptions): string {
  return `apiVersion: v1
kind: Config
clusters:
- name: skiff
  cluster:
    server: ${options.server}
    certificate-authority-data: ${base64(options.authorityPem)}
users:
- name: skiff-admin
  user:
    client-certificate-data: ${base64(options.certificatePem)}
    client-key-data: ${base64(options.keyPem)}
contexts:
- name: skiff
  context:
    cluster: skiff
    user: skiff-admin
current-context: skiff
`
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}
