import type { Service, ServicePort } from '@skiff/api'
import { httpPortOf } from './find-service.ts'

/** The page for who asks for no Service: all of them, with their links. */
export function servicePage(services: readonly Service[], gatewayPort: number): string {
  const rows = services
    .filter((service) => service.spec.type !== 'ExternalName' && mayBeHttp(httpPortOf(service)))
    .map(({ metadata: { name, namespace = 'default' } }) => ({ name, namespace, url: urlOf(name, namespace, gatewayPort) }))
    .sort((a, b) => (a.url < b.url ? -1 : 1))
    .map(
      ({ name, namespace, url }) =>
        `<li><a href="${escapeHtml(url)}">${escapeHtml(name)}</a> <small>in ${escapeHtml(namespace)}</small></li>`,
    )
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Services</title><style>body { font: 16px/1.5 system-ui, sans-serif; margin: 3rem auto; max-width: 40rem; }</style></head>
<body>
<h1>Services</h1>
${rows.length === 0 ? '<p>There are none yet.</p>' : `<ul>\n${rows.join('\n')}\n</ul>`}
</body>
</html>
`
}

/** As the API's own, one whose port is named so speaks TLS. */
function mayBeHttp(port: ServicePort | undefined): boolean {
  return port !== undefined && port.name !== 'https'
}

function urlOf(name: string, namespace: string, port: number): string {
  return `http://${name}.${namespace}.localhost${port === 80 ? '' : `:${port}`}/`
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
