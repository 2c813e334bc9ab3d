/** Volumes on a real Docker daemon: what processes in containers see of them, claims and their data, what is refused and why. */

import {
  CONFIG_MAPS,
  EVENTS,
  type Event,
  isNotFound,
  type KindInfo,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  type PersistentVolume,
  type PersistentVolumeClaim,
  PODS,
  type Pod,
  podIsReady,
  SECRETS,
} from '@skiff/api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Cluster, startCluster } from '../support/cluster.ts'
import { importBusybox } from '../support/test-image.ts'
import { waitFor } from '../support/wait-for.ts'

let cluster: Cluster

beforeAll(async () => {
  cluster = await startCluster({ hosts: 1, sampleImages: false, isPatient: true })
  await importBusybox(cluster.host(0), 'bb:1')
})
afterAll(() => cluster?.[Symbol.asyncDispose]())

const inDefault = (name: string) => ({ name, namespace: 'default' })
const SLEEP = { name: 'c', image: 'bb:1', command: ['sleep', '3600'] }

interface PodParts {
  readonly mounts?: readonly object[]
  readonly container?: object
  readonly [field: string]: unknown
}

async function run(name: string, volumes: object, { mounts, container, ...spec }: PodParts = {}): Promise<void> {
  const list = Object.entries(volumes).map(([volume, source]) => ({ name: volume, ...(source as object) }))
  const volumeMounts = mounts ?? list.map((volume) => ({ name: volume.name, mountPath: `/${volume.name}` }))
  await cluster.client.create<Pod>(PODS, {
    metadata: inDefault(name),
    spec: { containers: [{ ...SLEEP, volumeMounts, ...container }], volumes: list, terminationGracePeriodSeconds: 0, ...spec },
  } as object)
}

function podThat(name: string, is: (pod: Pod) => unknown): Promise<Pod> {
  return waitFor(`pod ${name} is as expected`, async () => {
    const pod = await cluster.client.get<Pod>(PODS, inDefault(name))
    if (is(pod)) return pod
    throw new Error(JSON.stringify(pod.status))
  })
}

/** Output of a command in a pod's container, once that is ready. */
async function sh(pod: string, script: string): Promise<string> {
  await podThat(pod, podIsReady)
  return await cluster.kubectlOk(['exec', pod, '--', 'sh', '-c', script])
}

const create = (info: KindInfo, object: object) => cluster.client.create(info, object)

async function createClaim(name: string, spec: object = {}): Promise<void> {
  const resources = { requests: { storage: '10Mi' } }
  await create(PERSISTENT_VOLUME_CLAIMS, {
    metadata: inDefault(name),
    spec: { accessModes: ['ReadWriteOnce'], resources, ...spec },
  })
}

async function remove(info: KindInfo, name: string): Promise<void> {
  const ref = info.namespaced ? inDefault(name) : { name }
  await cluster.client.delete(info, ref)
  await waitFor(`${name} is gone`, () => cluster.client.get(info, ref).then(() => false, isNotFound))
}

const isTold = (pod: string, reason: string, words: string) =>
  waitFor(`${pod} is told: ${words}`, async () => {
    const { items } = await cluster.client.list<Event>(EVENTS, { namespace: 'default' })
    const about = items.filter((event) => event.involvedObject.name === pod && event.reason === reason)
    if (about.some(({ message = '' }) => message.includes(words))) return true
    throw new Error(about.map(({ message }) => message).join('\n'))
  })

const waitsWith = (words: string) => (pod: Pod) => {
  const waiting = pod.status?.containerStatuses?.[0]?.state?.waiting
  return waiting?.reason === 'CreateContainerConfigError' && waiting.message?.includes(words)
}

describe('volumes that live with their pod', () => {
  test('an emptyDir is writable by everybody, in memory as large as its limit, and given to the fsGroup', async () => {
    await run(
      'scratch',
      {
        disk: { emptyDir: {} },
        memory: { emptyDir: { medium: 'Memory', sizeLimit: '10Mi' } },
        plain: { emptyDir: { medium: 'Memory' } },
      },
      { securityContext: { runAsUser: 1001, fsGroup: 123 }, container: { resources: { limits: { memory: '32Mi' } } } },
    )
    const modes = 'busybox stat -c "%A %u %g" /disk /memory'
    expect(await sh('scratch', `${modes}; touch /disk/f /memory/f; busybox stat -c "%u %g" /disk/f /memory/f`)).toBe(
      'drwxrwsrwx 0 123\ndrwxrwsrwt 0 123\n1001 123\n1001 123\n',
    )
    expect(await sh('scratch', "busybox df -P /memory /plain | busybox awk '{ print $1, $2 }'")).toBe(
      'Filesystem 1024-blocks\ntmpfs 10240\ntmpfs 32768\n',
    )
    expect(await sh('scratch', 'busybox dd if=/dev/zero of=/memory/big bs=1M count=11 2>&1 | grep -o "No space left"')).toBe(
      'No space left\n',
    )
  })

  test('a subPath that isn’t there is made as its volume is; a file can be one; several of one volume are apart', async () => {
    await run(
      'parts',
      { v: { emptyDir: {} } },
      {
        securityContext: { runAsUser: 1001, fsGroup: 123 },
        initContainers: [
          {
            ...SLEEP,
            name: 'i',
            command: ['sh', '-c', 'echo -n here > /v/file'],
            volumeMounts: [{ name: 'v', mountPath: '/v' }],
          },
        ],
        mounts: [
          { name: 'v', mountPath: '/v' },
          { name: 'v', mountPath: '/one', subPath: 'new/one' },
          { name: 'v', mountPath: '/two', subPathExpr: '$(WHO)/two' },
          { name: 'v', mountPath: '/file', subPath: 'file', readOnly: true },
        ],
        container: { env: [{ name: 'WHO', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }] },
      },
    )
    expect(
      await sh(
        'parts',
        'busybox stat -c "%A %u %g" /one; cat /file; echo a > /one/x; echo b > /two/x; cat /v/new/one/x /v/parts/two/x',
      ),
    ).toBe('drwxrwsrwx 0 123\nherea\nb\n')
    expect(await sh('parts', '(echo x > /file) 2>&1 || true')).toContain('Read-only file system')
  })

  test('a subPath that leads out of its volume is refused: in the status, without a word of the host’s files', async () => {
    const init = (script: string) => [
      { ...SLEEP, name: 'i', command: ['sh', '-c', script], volumeMounts: [{ name: 'v', mountPath: '/v' }] },
    ]
    const mounts = [{ name: 'v', mountPath: '/out', subPath: 'link' }]
    const words = 'failed to prepare subPath for volumeMount "v" of container "c"'
    for (const [name, target] of [
      ['out', '/etc'],
      ['file', '/etc/passwd'],
      ['missing', '/etc/nowhere'],
      ['up', '../'],
    ]) {
      await run(`leads-${name}`, { v: { emptyDir: {} } }, { mounts, initContainers: init(`busybox ln -s ${target} /v/link`) })
    }
    for (const name of ['out', 'file', 'missing', 'up']) await podThat(`leads-${name}`, waitsWith(words))
    expect(await cluster.host(0).exec(['sh', '-c', 'test -e /etc/nowhere && echo made || echo none'])).toBe('none\n')
  })

  test('a subPathExpr that gives no path waits, and starts when an annotation makes it one', async () => {
    const env = [{ name: 'WHERE', valueFrom: { fieldRef: { fieldPath: "metadata.annotations['where']" } } }]
    const mounts = [{ name: 'v', mountPath: '/v', subPathExpr: '$(WHERE)/sub' }]
    await run('expanded', { v: { emptyDir: {} } }, { mounts, container: { env } })
    await podThat('expanded', waitsWith('missing value for WHERE'))
    const body = { metadata: { annotations: { where: 'there' } } }
    await cluster.client.patch(PODS, inDefault('expanded'), { type: 'merge', body })
    await podThat('expanded', podIsReady)
  })
})

describe('volumes from the API', () => {
  test('modes, users and groups of their files, and swaps that reach a running pod but no subPath', async () => {
    await create(CONFIG_MAPS, { metadata: inDefault('settings'), data: { colour: 'blue' }, binaryData: { bin: '3q2+7w==' } })
    await create(SECRETS, { metadata: inDefault('keys'), data: { key: Buffer.from('geheim').toString('base64') } })
    const items = [{ key: 'colour', path: 'deep/er/colour', mode: 0o400 }]
    await run(
      'configured',
      {
        all: { configMap: { name: 'settings', defaultMode: 0o440 } },
        one: { configMap: { name: 'settings', items } },
        secret: { secret: { secretName: 'keys', defaultMode: 0o400 } },
        down: { downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } },
        token: { projected: { sources: [{ serviceAccountToken: { path: 'token', expirationSeconds: 600 } }] } },
        maybe: { configMap: { name: 'later', optional: true } },
      },
      {
        securityContext: { runAsUser: 1000, fsGroup: 1001 },
        mounts: [
          ...['all', 'one', 'secret', 'down', 'token', 'maybe'].map((name) => ({ name, mountPath: `/${name}` })),
          { name: 'all', mountPath: '/fixed', subPath: 'colour' },
        ],
      },
    )
    const stat = 'busybox stat -L -c "%A %u %g"'
    expect(await sh('configured', `${stat} /all/colour /one/deep/er/colour /secret/key /token/token`)).toBe(
      '-r--r----- 0 1001\n-r--r----- 0 1001\n-r--r----- 0 1001\n-rw-r----- 1000 1001\n',
    )
    expect(await sh('configured', 'cat /all/colour /secret/key; busybox hexdump -e \'4/1 "%02x"\' /all/bin; ls /maybe')).toBe(
      'bluegeheimdeadbeef',
    )
    expect(await sh('configured', '(echo x > /all/colour) 2>&1 || true')).toContain('Read-only file system')

    const fileSystems = "busybox df -P /secret /token | busybox awk 'NR > 1 { print $1 }'"
    expect(await sh('configured', fileSystems)).toBe('tmpfs\ntmpfs\n')

    await cluster.client.patch(CONFIG_MAPS, inDefault('settings'), { type: 'merge', body: { data: { colour: 'red' } } })
    await cluster.client.patch(PODS, inDefault('configured'), { type: 'merge', body: { metadata: { labels: { a: 'b' } } } })
    await create(CONFIG_MAPS, { metadata: inDefault('later'), data: { now: 'there' } })
    await waitFor('the changes are there', async () => {
      const seen = await sh('configured', 'cat /all/colour /one/deep/er/colour /fixed /down/labels /maybe/now 2>&1')
      if (seen === 'redredbluea="b"there') return true
      throw new Error(seen)
    })
  })

  test('a container that starts again sees the newest file through its subPath', async () => {
    await create(CONFIG_MAPS, { metadata: inDefault('word'), data: { word: 'old' } })
    const command = ['sh', '-c', 'echo "$(cat /word)"; until test -e /x/end; do sleep 0.1; done; rm /x/end']
    const mounts = [
      { name: 'w', mountPath: '/word', subPath: 'word' },
      { name: 'x', mountPath: '/x' },
    ]
    await run('again', { w: { configMap: { name: 'word' } }, x: { emptyDir: {} } }, { mounts, container: { command } })
    await podThat('again', podIsReady)
    await cluster.client.patch(CONFIG_MAPS, inDefault('word'), { type: 'merge', body: { data: { word: 'new' } } })
    await waitFor('the file was swapped on the host', async () => {
      const { uid } = (await podThat('again', () => true)).metadata
      const path = `${cluster.folder}/agent-${cluster.host(0).name}/pods/${uid}/volumes/configMap/w/word`
      return (await cluster.host(0).exec(['cat', path])) === 'new'
    })
    // The container may end, and everything in it, before the command has told its own end.
    await cluster.kubectl(['exec', 'again', '--', 'touch', '/x/end'])
    await podThat('again', (pod) => podIsReady(pod) && pod.status?.containerStatuses?.[0]?.restartCount === 1)
    // It is ready as soon as it runs, which is before it has said anything.
    const said = async () => (await cluster.kubectlOk(['logs', 'again'])) || undefined
    expect(await waitFor('it says something', said)).toBe('new\n')
  })
})

describe('hostPath', () => {
  test('of each type finds or makes what it names, and says what else is there', async () => {
    const host = cluster.host(0)
    await host.exec(['sh', '-c', 'mkdir -p /run/types/dir && echo -n hi > /run/types/file'])
    const at = (path: string, type: string) => ({ hostPath: { path: `/run/types/${path}`, type } })
    await run('typed', {
      dir: at('dir', 'Directory'),
      file: at('file', 'File'),
      madedir: at('made/deep', 'DirectoryOrCreate'),
      madefile: at('made-file', 'FileOrCreate'),
      any: at('any', ''),
      sock: { hostPath: { path: host.dockerHost.replace('unix://', ''), type: 'Socket' } },
      null: { hostPath: { path: '/dev/null', type: 'CharDevice' } },
    })
    expect(
      await sh(
        'typed',
        'cat /file; test -d /madedir && test -f /madefile && test -d /any && test -S /sock && test -c /null && echo ok',
      ),
    ).toBe('hiok\n')
    const wrong: [string, string, string][] = [
      ['file', 'Directory', 'a directory'],
      ['dir', 'File', 'a file'],
      ['dir', 'Socket', 'a socket file'],
      ['file', 'CharDevice', 'a character device'],
      ['nowhere', 'BlockDevice', 'a block device'],
    ]
    for (const [index, [path, type]] of wrong.entries()) await run(`wrong-${index}`, { v: at(path, type) })
    for (const [index, [path, , wanted]] of wrong.entries()) {
      await isTold(`wrong-${index}`, 'FailedMount', `hostPath type check failed: /run/types/${path} is not ${wanted}`)
    }
    await Promise.all(wrong.map((_, index) => remove(PODS, `wrong-${index}`)))
  })

  test('a mount that is made on the host later is seen in a container that asks for it, and only there', async () => {
    const host = cluster.host(0)
    await host.exec(['sh', '-c', 'mkdir -p /run/tree/later && mount --bind /run/tree /run/tree && mount --make-shared /run/tree'])
    const mounts = [
      { name: 'v', mountPath: '/follows', mountPropagation: 'HostToContainer' },
      { name: 'v', mountPath: '/private' },
    ]
    await run('propagated', { v: { hostPath: { path: '/run/tree', type: 'Directory' } } }, { mounts })
    await podThat('propagated', podIsReady)
    await host.exec(['sh', '-c', 'mount -t tmpfs tmpfs /run/tree/later && touch /run/tree/later/seen'])
    expect(await sh('propagated', 'ls /follows/later /private/later')).toBe('/follows/later:\nseen\n\n/private/later:\n')
  })
})

describe('claims', () => {
  const directoryOf = async (claim: string) => {
    const { spec } = await cluster.client.get<PersistentVolumeClaim>(PERSISTENT_VOLUME_CLAIMS, inDefault(claim))
    const volume = await cluster.client.get<PersistentVolume>(PERSISTENT_VOLUMES, { name: spec.volumeName ?? '' })
    return { volume: volume.metadata.name, path: volume.spec.local?.path ?? '' }
  }

  test('one that names no class keeps its data over its pods, on the node and in the place that are told, until it is deleted', async () => {
    await createClaim('data')
    await run('writer', { data: { persistentVolumeClaim: { claimName: 'data' } } })
    await sh('writer', 'echo kept > /data/file')
    const { volume, path } = await directoryOf('data')
    await isTold('data', 'ProvisioningSucceeded', `its data lies on node ${cluster.host(0).name} in ${path}`)
    expect(await cluster.host(0).exec(['cat', `${path}/file`])).toBe('kept\n')

    await remove(PODS, 'writer')
    await run(
      'reader',
      { data: { persistentVolumeClaim: { claimName: 'data', readOnly: true } } },
      { securityContext: { runAsUser: 1000 } },
    )
    expect(await sh('reader', 'cat /data/file; touch /data/new 2>&1 || true')).toMatch(/^kept\n.*Read-only file system/)

    await cluster.client.delete(PERSISTENT_VOLUME_CLAIMS, inDefault('data'))
    expect(await sh('reader', 'cat /data/file')).toBe('kept\n')
    await remove(PODS, 'reader')
    await waitFor('the volume is gone', () =>
      cluster.client.get(PERSISTENT_VOLUMES, { name: volume }).then(() => false, isNotFound),
    )
    expect(await cluster.host(0).exec(['sh', '-c', `test -e ${path} && echo there || echo gone`])).toBe('gone\n')
  })

  test('a generic ephemeral volume comes and goes with its pod', async () => {
    const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Mi' } } }
    await run('ephemeral', { v: { ephemeral: { volumeClaimTemplate: { spec } } } })
    await sh('ephemeral', 'echo x > /v/file')
    const { path } = await directoryOf('ephemeral-v')
    await remove(PODS, 'ephemeral')
    await waitFor(
      'its directory is gone',
      async () => (await cluster.host(0).exec(['sh', '-c', `test -e ${path} && echo there || echo gone`])) === 'gone\n',
    )
  })

  test('a local block device behind a claim is one in the container', async () => {
    const { name } = cluster.host(0)
    await cluster.host(0).exec(['mknod', '/run/disk', 'b', '7', '0'])
    const row = { key: 'kubernetes.io/hostname', operator: 'In', values: [name] }
    const shared = { accessModes: ['ReadWriteOnce'], volumeMode: 'Block', storageClassName: '' }
    await create(PERSISTENT_VOLUMES, {
      metadata: { name: 'disk' },
      spec: {
        ...shared,
        capacity: { storage: '1Gi' },
        local: { path: '/run/disk' },
        nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [row] }] } },
      },
    })
    await createClaim('disk', shared)
    const volumeDevices = [{ name: 'v', devicePath: '/dev/xvda' }]
    await run('raw', { v: { persistentVolumeClaim: { claimName: 'disk' } } }, { mounts: [], container: { volumeDevices } })
    expect(await sh('raw', 'busybox stat -c "%F %t:%T" /dev/xvda')).toBe('block special file 7:0\n')
  })

  test('data outlives a restart of the agent; more than the disk holds is refused', async () => {
    await createClaim('huge', { resources: { requests: { storage: '900Pi' } } })
    await run('waits', { v: { persistentVolumeClaim: { claimName: 'huge' } } })
    await podThat('waits', ({ status }) =>
      status?.conditions?.some(({ message = '' }) => message.includes('1 node(s) did not have enough free storage')),
    )
    await createClaim('stays')
    await run('holder', { v: { persistentVolumeClaim: { claimName: 'stays' } } })
    await sh('holder', 'echo still here > /v/file')
    await cluster.host(0).killAgent()
    await cluster.host(0).startAgent()
    await waitFor('the data is seen again', async () => (await sh('holder', 'cat /v/file')) === 'still here\n')
  })
})
