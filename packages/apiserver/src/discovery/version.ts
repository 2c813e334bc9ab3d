/** What this server claims to be: the Kubernetes whose API it serves. */
export const SERVER_VERSION = {
  major: '1',
  minor: '36',
  gitVersion: 'v1.36.0+skiff',
  // Clients take it for hexadecimal (kubectl before 1.28 prints it): git's own word for no commit.
  gitCommit: '0'.repeat(40),
  gitTreeState: 'clean',
  buildDate: '2026-11-21T00:00:00Z',
  goVersion: `node ${process.version}`,
  compiler: 'v8',
  platform: `${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}`,
} as const
