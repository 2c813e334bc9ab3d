import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Cluster, startCluster } from '../support/cluster.ts'
import { type CommandResult, RunningKubectl, shellWith } from '../support/kubectl.ts'
import { importBusybox, WEB_SERVER } from '../support/test-image.ts'
import { waitFor } from '../support/wait-for.ts'

/** `web` serves a page and logs each request; `box` says what it does and stops when it is told to. */
const WEB = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web, labels: { app: web } }
spec:
  replicas: 2
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: web
          image: web:1
          ports: [{ containerPort: 80 }]
          readinessProbe: { httpGet: { port: 80 }, periodSeconds: 1 }
---
apiVersion: v1
kind: Service
metadata: { name: web, labels: { app: web } }
spec: { selector: { app: web }, ports: [{ port: 8080, targetPort: 80 }] }
`
const box = (name: string, script: string, rest = '') => `
apiVersion: v1
kind: Pod
metadata: { name: ${name}, labels: { app: ${name} } }
spec:
  terminationGracePeriodSeconds: 1
  containers:
    - { name: main, image: bb:1, command: [sh, -c, ${JSON.stringify(script)}]${rest} }
    - { name: side, image: bb:1, command: [sh, -c, 'echo aside; sleep 3600'] }
`
const STAY = "trap 'exit 0' TERM; sleep 3600 & wait"

let cluster: Cluster
let shell: (line: string, input?: string) => Promise<CommandResult>

beforeAll(async () => {
  cluster = await startCluster({ hosts: 1, sampleImages: false, isPatient: true })
  shell = shellWith(cluster.kubeconfig)
  const host = cluster.host(0)
  for (const version of [1, 2]) {
    await importBusybox(host, `web:${version}`, { files: { 'www/index.html': `page ${version}\n` }, changes: WEB_SERVER })
  }
  await importBusybox(host, 'bb:1', { changes: ['CMD ["sh"]', 'ENV PATH=/bin'] })
  await ok('kubectl apply -f -', WEB)
  await ok('kubectl rollout status deploy/web --timeout=90s')
})
afterAll(() => cluster?.[Symbol.asyncDispose]())

/** A line that must succeed: what it printed. */
async function ok(line: string, input?: string): Promise<string> {
  const { code, stdout, stderr } = await shell(line, input)
  if (code !== 0) throw new Error(`${line}\nended with ${code}: ${stderr}${stdout}`)
  return stdout
}

async function fails(line: string, input?: string): Promise<string> {
  const { code, stderr, stdout } = await shell(line, input)
  expect(code, `${line}: ${stdout}`).not.toBe(0)
  return stderr
}

/** Starts kubectl and ends it with the test. */
const running = (...args: string[]) => new RunningKubectl(cluster.kubeconfig, args)
const says = (kubectl: RunningKubectl, text: string | RegExp) =>
  waitFor(`kubectl says ${text}`, () => {
    if (kubectl.output.search(text) >= 0) return true
    throw new Error(`it said: ${kubectl.output}`)
  })

async function startPod(manifest: string): Promise<void> {
  await ok('kubectl apply -f -', manifest)
  await ok(`kubectl wait --for=condition=Ready pod/${/name: (\S+),/.exec(manifest)?.[1]} --timeout=90s`)
}

describe('kubectl get', () => {
  it('selects by labels and by fields, and sorts', async () => {
    expect(await ok('kubectl get pods -l app=web,app!=x --field-selector=status.phase=Running --no-headers | wc -l')).toMatch(
      /2$/m,
    )
    expect(await ok('kubectl get pods --field-selector=spec.nodeName=node1,status.phase!=Running')).toBe('')
    const byName = await ok('kubectl get pods,svc -A --sort-by=.metadata.name -o name')
    const names = byName
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split('/')[1] ?? '')
    expect(names).toEqual(names.toSorted())
  })

  it('shows changes as they come', async () => {
    await using watching = running('get', 'pods', '-l', 'app=watched', '-w')
    // At this level it says when its watch has begun: what was created before is not shown.
    await using names = running('get', 'cm', '--watch-only', '-o', 'name', '-v=6')
    await says(names, /watch=true.* 200 |watch=true.*status="200/)
    await ok('kubectl apply -f -', box('watched', STAY))
    await says(watching, /watched +2\/2 +Running/)
    await ok('kubectl delete pod watched --wait')
    await says(watching, /watched +2\/2 +Terminating/)
    await ok('kubectl create cm seen')
    await says(names, 'configmap/seen')
  })

  it('gives every kind, as a table, wide, as YAML and described', { timeout: 600_000 }, async () => {
    const rows = (await ok('kubectl api-resources --verbs=list --no-headers')).split('\n').filter(Boolean)
    const kinds = rows.map((row) => /^(\S+) .*?(\S*?)([^/\s]+) +(?:true|false) +\S+$/.exec(row) ?? [])
    expect(kinds.length).toBeGreaterThan(25)
    for (const [, resource = '', group = '', version = ''] of kinds) {
      const kind = group === '' ? resource : `${resource}.${version}.${group.slice(0, -1)}`
      // What it lists may be gone when it looks closer: an object, or figures that the agent was asked for once more.
      await waitFor(`${kind} is shown`, () =>
        ok(`kubectl get ${kind} -A && kubectl get ${kind} -A -o wide && kubectl describe ${kind} -A`),
      )
      expect(await ok(`kubectl explain ${resource} --api-version=${group}${version}`)).toContain('FIELDS:')
    }
    expect(await ok('kubectl get deploy,svc -o yaml')).toContain('kind: List')
  })

  it('describes a node with its pods and conditions', async () => {
    const node = await ok('kubectl describe node node1')
    expect(node).toMatch(/Ready +True .* KubeletReady +kubelet is posting ready status/)
    expect(node).toMatch(/HolderIdentity: +node1/)
    expect(node).toMatch(/default +web-\S+ +0 \(0%\)/)
  })
})

describe('kubectl delete', () => {
  it('waits until what it deleted is gone, and by force it does not', async () => {
    await startPod(box('gone', STAY))
    expect(await ok('kubectl delete pod gone')).toBe('pod "gone" deleted from default namespace\n')
    expect(await fails('kubectl get pod gone')).toContain('not found')
    await startPod(box('stubborn', "trap '' TERM; sleep 3600 & wait; wait", '').replace('Seconds: 1', 'Seconds: 600'))
    await ok('kubectl delete pod stubborn --grace-period=0 --force --timeout=90s')
    expect(await fails('kubectl get pod stubborn')).toContain('not found')
  })

  it('takes what belongs to an object along, before it or after it, or leaves it', async () => {
    const create = 'kubectl create deploy fall --image=web:1'
    const counted = (kind: string) => ok(`kubectl get ${kind} -l app=fall -o name | wc -l`)
    await ok(`${create} && kubectl wait deploy/fall --for=condition=Available --timeout=90s`)
    await ok('kubectl delete deploy fall --cascade=orphan')
    expect((await counted('rs')).trim()).toBe('1')
    await ok(`${create} && kubectl wait deploy/fall --for=condition=Available --timeout=90s`)
    await ok('kubectl delete deploy fall --cascade=foreground --timeout=90s')
    expect((await counted('rs')).trim()).toBe('0')
    await waitFor('its pods are gone too', async () => (await counted('pods')).trim() === '0', 60_000)
  })
})

describe('kubectl logs', () => {
  const ONCE = 'if [ -e /keep/once ]; then echo second; sleep 3600; fi; touch /keep/once; echo first; exit 1'
  const LINES = 'for i in 1 2 3 4 5; do echo line $i; done; while [ ! -e /tmp/go ]; do sleep 0.1; done; echo last; sleep 3600'

  const ASIDE = 'kubectl logs -l app=talker -c side'

  it('shows the end, the beginning, a time, all containers, several pods', async () => {
    await startPod(box('talker', LINES))
    await waitFor('all is said', async () => /line 5/.test(await ok('kubectl logs talker')) && (await ok(ASIDE)) === 'aside\n')
    expect(await ok('kubectl logs talker --tail=2')).toBe('line 4\nline 5\n')
    expect(await ok('kubectl logs talker -c main --limit-bytes=7')).toBe('line 1\n')
    expect(await ok('kubectl logs talker --since=1h | wc -l')).toMatch(/5$/m)
    expect(await ok('kubectl logs talker --since-time=2100-01-01T00:00:00Z')).toBe('')
    expect(await ok('kubectl logs talker --timestamps --tail=1')).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z line 5\n$/)
    const all = await ok('kubectl logs talker --all-containers --prefix --tail=1')
    expect(all.split('\n').sort()).toEqual(['', '[pod/talker/main] line 5', '[pod/talker/side] aside'])
    expect(await ok(ASIDE)).toBe('aside\n')
    expect(await fails('kubectl logs talker --previous')).toContain(
      'previous terminated container "main" in pod "talker" not found',
    )
  })

  it('follows', async () => {
    await startPod(box('follower', LINES))
    await using following = running('logs', '-f', 'follower', '--tail=1')
    await says(following, 'line 5\n')
    await ok('kubectl exec follower -- touch /tmp/go')
    await says(following, 'line 5\nlast\n')
    await ok('kubectl delete pod follower --wait=false')
    expect(await following.ended()).toBe(0)
  })

  it('shows what a container said before it was started again', async () => {
    await ok(
      'kubectl apply -f -',
      `${box('again', ONCE, ', volumeMounts: [{ name: keep, mountPath: /keep }]')}  volumes: [{ name: keep, emptyDir: {} }]\n`,
    )
    await waitFor('it was started again', async () => (await ok('kubectl logs again')) === 'second\n')
    expect(await ok('kubectl logs again --previous')).toBe('first\n')
    // The status is written a moment after the container has begun to speak.
    await waitFor('its restart is shown', async () => {
      const shown = await ok('kubectl get pod again')
      if (/again +2\/2 +Running +1 \(\d+s ago\)/.test(shown)) return true
      throw new Error(shown)
    })
  })
})

describe('kubectl and a container', () => {
  it('copies files and folders there and back', async () => {
    await startPod(box('files', STAY))
    const folder = join(cluster.folder, 'copied')
    await ok(
      `mkdir -p ${folder}/out/deep && head -c 3000000 /dev/urandom > ${folder}/out/deep/big && echo small > ${folder}/out/small`,
    )
    await ok(`kubectl cp ${folder}/out files:/tmp/in && kubectl cp files:/tmp/in ${folder}/back -c main`)
    expect(readFileSync(join(folder, 'back', 'deep', 'big'))).toEqual(readFileSync(join(folder, 'out', 'deep', 'big')))
    expect(await ok('kubectl exec files -- cat /tmp/in/small')).toBe('small\n')
  })

  it('passes input, output, errors and the exit code of a command', async () => {
    const script = 'cat; echo oops >&2; exit 7'
    expect(await shell(`kubectl exec -i files -c main -- sh -c '${script}'`, 'in\n')).toEqual({
      code: 7,
      stdout: 'in\n',
      stderr: 'oops\ncommand terminated with exit code 7\n',
    })
    const large = 'x'.repeat(2_000_000)
    expect((await ok('kubectl exec -i files -- cat', large)).length).toBe(large.length)
    const word = 'x'.repeat(20_000)
    expect(await ok(`kubectl exec files -- echo ${word}`)).toBe(`${word}\n`)
  })

  it.each(['pod/POD 0:80', 'deploy/web 0:80', 'svc/web 0:8080'])('forwards a port to %s', async (target) => {
    const pod = (await ok("kubectl get pods -l app=web -o jsonpath='{.items[0].metadata.name}'")).trim()
    await using forwarding = running('port-forward', ...target.replace('POD', pod).split(' '))
    await says(forwarding, /127\.0\.0\.1:\d+ -> 80/)
    const port = /127\.0\.0\.1:(\d+)/.exec(forwarding.output)?.[1]
    for (let i = 0; i < 5; i++) expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('page 1\n')
  })

  it('attaches to what runs', async () => {
    await startPod(box('echoing', 'while read line; do echo got $line; done', ', stdin: true'))
    await using attached = running('attach', '-i', 'echoing', '-c', 'main')
    await says(attached, 'command prompt')
    attached.type('one\n')
    await says(attached, 'got one')
    // Its own input goes on, so that only the client leaves.
    expect((await shell('kubectl attach -i echoing -c main', 'two\n')).code).toBe(0)
    await says(attached, 'got two')
    expect(await ok('kubectl get pod echoing -o jsonpath={.status.phase}')).toBe('Running')
  })

  it('runs a pod for one command, fed from here', async () => {
    const answer = await shell('kubectl run once -i --rm --image=bb:1 --restart=Never -- cat', 'through\n')
    expect(answer.stdout).toBe('through\npod "once" deleted from default namespace\n')
    expect(answer.code).toBe(0)
  })

  it('debugs a copy of a pod, and its node', async () => {
    await ok('kubectl debug files --copy-to=copy --set-image=side=web:1 --same-node -c main -- sleep 3600')
    await ok('kubectl wait --for=condition=Ready pod/copy --timeout=90s')
    const created = await shell('kubectl debug node/node1 --image=bb:1 --profile=general -- cat /host/etc/hostname')
    const pod = /(node-debugger-\S+)/.exec(created.stdout + created.stderr)?.[1]
    await ok(`kubectl wait --for=jsonpath={.status.phase}=Succeeded pod/${pod} --timeout=90s`)
  })
})

describe('kubectl changes objects', () => {
  it('edits with the editor of the user', async () => {
    await ok('kubectl create cm edited --from-literal=key=before')
    expect(await ok('KUBE_EDITOR="sed -i s/before/after/" kubectl edit cm edited')).toBe('configmap/edited edited\n')
    expect(await ok('kubectl get cm edited -o jsonpath={.data.key}')).toBe('after')
    expect(await shell('KUBE_EDITOR=true kubectl edit cm edited')).toMatchObject({
      code: 0,
      stderr: 'Edit cancelled, no changes made.\n',
    })
    expect(await fails('KUBE_EDITOR="sed -i s/app:.web/app:\\ no/" kubectl edit deploy web')).toContain(
      'no valid changes were saved',
    )
  })

  it.each([
    ['strategic', `{"spec":{"template":{"spec":{"containers":[{"name":"web","env":[{"name":"S","value":"1"}]}]}}}}`],
    ['merge', `{"metadata":{"labels":{"merge":"1"}}}`],
    ['json', `[{"op":"add","path":"/metadata/labels/json","value":"1"}]`],
  ])('patches: %s', async (type, patch) => {
    expect(await ok(`kubectl patch deploy web --type=${type} -p '${patch}'`)).toBe('deployment.apps/web patched\n')
    expect(await ok(`kubectl patch deploy web --type=${type} -p '${patch}'`)).toMatch(/no change|patched/)
  })

  it('patches the status and the scale', async () => {
    await ok(`kubectl patch deploy web --subresource=scale --type=merge -p '{"spec":{"replicas":3}}'`)
    await ok('kubectl rollout status deploy/web --timeout=90s')
    expect(await ok('kubectl get deploy web --subresource=scale')).toMatch(/web +3 +3/)
    await ok('kubectl scale deploy/web --replicas=2 --current-replicas=3')
    await waitFor('two are left', async () => (await ok('kubectl get pods -l app=web -o name')).trim().split('\n').length === 2)
  })

  it('replaces, but not over somebody else’s change', async () => {
    await ok('kubectl create cm replaced --from-literal=a=1')
    const old = await ok('kubectl get cm replaced -o yaml')
    await ok('kubectl replace -f -', old.replace('a: "1"', 'a: "2"'))
    const refused = await fails('kubectl replace -f -', old)
    expect(refused).toContain('(Conflict)')
    expect(refused).toContain('the object has been modified; please apply your changes to the latest version and try again')
  })

  it('shows no difference where there is none, and ends with 1 where there is', async () => {
    const manifest = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: d}\ndata: {a: b}\n'
    await ok('kubectl apply -f -', manifest)
    expect(await shell('kubectl diff -f -', manifest)).toEqual({ code: 0, stdout: '', stderr: '' })
    const { code, stdout } = await shell('kubectl diff -f -', manifest.replace('a: b', 'a: c'))
    expect(code).toBe(1)
    expect(stdout).toContain('-  a: b\n+  a: c\n')
  })

  it('applies from the server’s side, with conflicts unless they are forced', async () => {
    const manifest = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ssa}\ndata: {a: mine}\n'
    await ok('kubectl apply --server-side --field-manager=one -f -', manifest)
    const refused = await fails('kubectl apply --server-side --field-manager=two -f -', manifest.replace('mine', 'yours'))
    expect(refused).toContain('Apply failed with 1 conflict: conflict with "one": .data.a')
    await ok('kubectl apply --server-side --field-manager=two --force-conflicts -f -', manifest.replace('mine', 'yours'))
    expect(await ok('kubectl get cm ssa -o jsonpath={.data.a}')).toBe('yours')
  })

  it('prunes what is no longer applied', async () => {
    const configMap = (name: string) => `---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}, labels: {set: p}}\n`
    await ok('kubectl apply -f - --prune -l set=p', configMap('stays') + configMap('goes'))
    expect(await ok('kubectl apply -f - --prune -l set=p', configMap('stays'))).toContain('configmap/goes pruned')
  })

  it('creates what it has a word for', async () => {
    for (const line of [
      'configmap made --from-literal=a=b',
      'secret generic made --from-literal=a=b',
      'secret docker-registry pull --docker-server=a.example --docker-username=u --docker-password=p',
      'deployment made --image=web:1 --port=80',
      'service clusterip made --tcp=80:80',
      'service nodeport outside --tcp=80',
      'service externalname named --external-name=a.example',
      'serviceaccount made',
      'role made --verb=get --resource=pods,deployments.apps',
      'rolebinding made --role=made --serviceaccount=default:made',
      'clusterrole made --verb=get --non-resource-url=/x',
      'clusterrolebinding made --clusterrole=made --user=u',
      'quota made --hard=configmaps=50',
      'pdb made --selector=app=made --min-available=1',
      'priorityclass made --value=5',
      'ingress made --rule=a.example/=web:8080',
      'job made --image=bb:1 -- true',
      'cronjob made --image=bb:1 --schedule="0 0 1 1 *" -- true',
      'namespace made',
    ]) {
      expect(await ok(`kubectl create ${line}`)).toMatch(/ created\n$/)
    }
    expect(await ok('kubectl expose deploy made --name=exposed --type=NodePort')).toBe('service/exposed exposed\n')
    await ok('kubectl set serviceaccount deploy made made && kubectl set subject rolebinding made --user=v')
    await ok('kubectl delete deploy,svc,quota,pdb,job,cronjob,ingress made && kubectl delete ns made')
  })
})

describe('a kubectl that knows SPDY only', () => {
  const old = (line: string, input?: string) => shellWith(cluster.kubeconfig, 'v27')(line, input)

  it('runs commands and copies', async () => {
    await startPod(box('spdy', 'while read line; do echo got $line; done', ', stdin: true'))
    const script = 'cat; echo oops >&2; exit 7'
    expect(await old(`kubectl exec -i spdy -c main -- sh -c '${script}'`, 'in\n')).toEqual({
      code: 7,
      stdout: 'in\n',
      stderr: 'oops\ncommand terminated with exit code 7\n',
    })
    const large = 'x'.repeat(2_000_000)
    expect((await old('kubectl exec -i spdy -c side -- cat', large)).stdout.length).toBe(large.length)
    const file = join(cluster.folder, 'spdy')
    const there = `head -c 1000000 /dev/urandom > ${file} && kubectl cp ${file} spdy:/tmp/file -c main`
    expect(await old(`${there} && kubectl cp spdy:/tmp/file ${file}.back -c main && cmp ${file} ${file}.back`)).toMatchObject({
      code: 0,
    })
  })

  it('attaches, forwards a port and follows', async () => {
    await using attached = new RunningKubectl(cluster.kubeconfig, ['attach', '-i', 'spdy', '-c', 'main'], 'v27')
    await says(attached, 'command prompt')
    await using following = new RunningKubectl(cluster.kubeconfig, ['logs', '-f', 'spdy', '-c', 'main'], 'v27')
    attached.type('one\n')
    await says(attached, 'got one')
    await says(following, 'got one')
    await using forwarding = new RunningKubectl(cluster.kubeconfig, ['port-forward', 'deploy/web', '0:80'], 'v27')
    await says(forwarding, /127\.0\.0\.1:\d+ -> 80/)
    const port = /127\.0\.0\.1:(\d+)/.exec(forwarding.output)?.[1]
    const pages = await Promise.all([1, 2, 3].map(async () => (await fetch(`http://127.0.0.1:${port}/`)).text()))
    expect(new Set(pages)).toEqual(new Set(['page 1\n']))
  })
})

describe('kubectl wait', () => {
  it('waits for conditions, values, creation and deletion', async () => {
    const created = ok('kubectl wait --for=create cm/awaited --timeout=90s')
    await ok('kubectl create cm awaited --from-literal=a=b')
    expect(await created).toBe('configmap/awaited condition met\n')
    const valued = ok('kubectl wait --for=jsonpath={.data.a}=c cm/awaited --timeout=90s')
    await ok(`kubectl patch cm awaited -p '{"data":{"a":"c"}}'`)
    expect(await valued).toBe('configmap/awaited condition met\n')
    const deleted = ok('kubectl wait --for=delete cm/awaited --timeout=90s')
    await ok('kubectl delete cm awaited')
    expect(await deleted).toMatch(/^(configmap\/awaited condition met\n)?$/)
    expect(await ok('kubectl wait --for=condition=Available deploy/web --timeout=90s')).toContain('condition met')
    expect(await fails('kubectl wait --for=condition=Nope deploy/web --timeout=5s')).toContain(
      'timed out waiting for the condition',
    )
  })
})

describe('kubectl and access', () => {
  it('gives tokens by which a service account is known, and says what it may', async () => {
    await ok('kubectl create sa robot && kubectl create rolebinding robot --clusterrole=view --serviceaccount=default:robot')
    const token = (await ok('kubectl create token robot --duration=10m')).trim()
    const asRobot = `kubectl --kubeconfig=/dev/null --server=${cluster.server} --insecure-skip-tls-verify --token=${token}`
    expect(await ok(`${asRobot} auth whoami -o jsonpath={.status.userInfo.username}`)).toBe('system:serviceaccount:default:robot')
    expect(await ok(`${asRobot} auth can-i list pods`)).toBe('yes\n')
    expect(await shell(`${asRobot} auth can-i delete pods`)).toMatchObject({ code: 1, stdout: 'no\n' })
    expect(await fails(`${asRobot} get secrets -n default`)).toContain(
      'secrets is forbidden: User "system:serviceaccount:default:robot" cannot list resource "secrets" in API group "" in the namespace "default"',
    )
    expect(await ok('kubectl auth whoami')).toContain('skiff')
  })

  it('reconciles roles', async () => {
    const role =
      'apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: rec, namespace: default}\nrules: [{apiGroups: [""], resources: [pods], verbs: [get]}]\n'
    expect(await ok('kubectl auth reconcile -f -', role)).toContain('role.rbac.authorization.k8s.io/rec reconciled')
  })
})

describe('kubectl and the cluster', () => {
  it('drains a node and lets it work again', async () => {
    await ok('kubectl delete pod --force --grace-period=0 -l "app notin (web)"')
    expect(await ok('kubectl cordon node1')).toBe('node/node1 cordoned\n')
    const drained = await ok('kubectl drain node1 --ignore-daemonsets --delete-emptydir-data --force --timeout=90s')
    expect(drained).toContain('node/node1 drained')
    expect(await ok('kubectl get pods -l app=web --field-selector=spec.nodeName=node1 -o name')).toBe('')
    expect(await ok('kubectl get nodes')).toContain('Ready,SchedulingDisabled')
    expect(await ok('kubectl uncordon node1')).toBe('node/node1 uncordoned\n')
    await ok('kubectl rollout status deploy/web --timeout=90s')
  })

  it('taints, and says so when a taint is there already', async () => {
    await ok('kubectl taint node node1 a=b:NoSchedule')
    expect(await fails('kubectl taint node node1 a=b:NoSchedule')).toContain('already has a taint')
    await ok('kubectl taint node node1 a-')
  })

  it('shows the events of one object', async () => {
    const events = await ok('kubectl events --for deploy/web')
    expect(events).toContain('ScalingReplicaSet')
    expect(events).not.toContain('Pod/')
  })

  it('shows what nodes and pods use', async () => {
    // What just came has been measured once, and use is the difference between two looks.
    const shows = (line: string, row: RegExp) =>
      waitFor(`${line} shows it`, async () => {
        const shown = await ok(line)
        if (row.test(shown)) return true
        throw new Error(shown)
      })
    await shows('kubectl top nodes', /^node1 +\d+m +\d+% +\d+Mi +\d+% *$/m)
    await shows('kubectl top pods', /^web-\S+ +\d+m +\d+Mi *$/m)
  })

  it('dumps everything', async () => {
    expect(await ok('kubectl cluster-info dump -n default')).toContain('"kind": "PodList"')
  })

  it('rolls back to a revision', async () => {
    await ok('kubectl set image deploy/web web=web:2 && kubectl rollout status deploy/web --timeout=90s')
    const revisions = (await ok('kubectl rollout history deploy/web')).match(/^\d+/gm) ?? []
    await ok(
      `kubectl rollout undo deploy/web --to-revision=${revisions.at(-2)} && kubectl rollout status deploy/web --timeout=90s`,
    )
    expect(await ok('kubectl get deploy web -o jsonpath={..image}')).toBe('web:1')
  })
})
