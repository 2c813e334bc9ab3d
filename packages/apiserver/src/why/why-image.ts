/** Why an image isn't there, from the registry's own words. Registries differ: what isn't recognised gets the general cure. */

interface Refusal {
  readonly words: RegExp
  readonly cure: (image: string) => string
}

const REFUSALS: readonly Refusal[] = [
  { words: /no space left/i, cure: () => 'The node\'s disk is full: make room ("docker system prune" there).' },
  {
    words: /toomanyrequests|rate limit/i,
    cure: (image) =>
      `Docker Hub limits pulls without a login: run "docker login" on the node and "docker pull ${image}", or give the pod imagePullSecrets.`,
  },
  {
    words: /server gave HTTP response to HTTPS client/i,
    cure: () =>
      'The registry speaks plain HTTP: add it to "insecure-registries" in /etc/docker/daemon.json of each node, and reload the daemon.',
  },
  { words: /x509|certificate/i, cure: () => "Put the registry's CA under /etc/docker/certs.d/<registry>/ca.crt of each node." },
  {
    words: /no matching manifest|does not match the specified platform|wrong architecture/i,
    cure: (image) =>
      `Build ${image} for the node's processor (docker build --platform ...), or keep the pod off that node by a nodeSelector on kubernetes.io/arch.`,
  },
  {
    words:
      /no such host|i\/o timeout|connection refused|no route to host|network is unreachable|has not answered|Client\.Timeout|deadline exceeded|context canceled|lookup /i,
    cure: (image) =>
      `The registry can't be reached from the node: mend its network or DNS, or build or load the image on any node ("docker build -t ${image} ." or "docker load"); every node then gets it from there.`,
  },
  {
    words: /pull access denied|repository does not exist|unauthorized|authentication required|denied|forbidden/i,
    cure: (image) =>
      `Build it on any node ("docker build -t ${image} ."; the other nodes get it from there), correct the name, or, when it is private, ` +
      'give the pod imagePullSecrets ("kubectl create secret docker-registry ...") or run "docker login" on the node.',
  },
  {
    words: /manifest unknown|not found|no such image|unknown blob/i,
    cure: (image) =>
      `The registry has no such tag: correct ${image}, push it, or build it on any node ("docker build -t ${image} .").`,
  },
]

const GENERAL = (image: string): string =>
  `Try "docker pull ${image}" on the node: it shows the same error. An image that any node has, built or pulled, is enough.`

export function cureOfImage(image: string, message: string): string {
  return (REFUSALS.find(({ words }) => words.test(message))?.cure ?? GENERAL)(image)
}

/** The registry's words, without what was wrapped round them on the way. */
export function registryWords(message: string): string {
  return message.replace(/^Back-off pulling image "[^"]*":\s*/, '').replace(/^(ErrImagePull|RegistryUnavailable):\s*/, '')
}
