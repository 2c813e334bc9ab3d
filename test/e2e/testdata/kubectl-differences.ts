/** Where our answers to recorded commands are not the recorded ones, and why. */
import type { Answer } from '../../support/recorded-kubectl.ts'

export interface Difference {
  readonly commands: readonly number[]
  /** The recording that it is about. Default: both. */
  readonly only?: '1.27' | '1.33'
  readonly reason: string
  readonly code?: number
  /** The whole text, or what takes the place of what in the recorded one. */
  readonly stdout?: string | readonly Replacement[]
  readonly stderr?: string | readonly Replacement[]
}

type Replacement = readonly [RegExp, string]

/** The masked recording as it would read here. */
export function asHere(recorded: Answer, differences: readonly Difference[]): Answer {
  return differences.reduce<Answer>(
    (answer, { code = answer.code, stdout, stderr }) => ({
      code,
      stdout: changed(answer.stdout, stdout),
      stderr: changed(answer.stderr, stderr),
    }),
    recorded,
  )
}

function changed(text: string, change: string | readonly Replacement[] = []): string {
  if (typeof change === 'string') return change
  return change.reduce((changing, [pattern, replacement]) => changing.replace(pattern, replacement), text)
}

/** `optional` as kubectl shows it. */
const tokenVolume = (optional: string): readonly Replacement[] => [
  [/default-token-<suffix>/g, 'kube-api-access-<suffix>'],
  [
    /Type: {2}Secret \(a volume populated by a Secret\)\n {4}SecretName: .*\n {4}Optional: {2}false/g,
    `Type:  Projected (a volume that contains injected data from multiple sources)\n    TokenExpirationSeconds:  3607\n    ConfigMapName:  kube-root-ca.crt\n    ${optional}\n    DownwardAPI:  true`,
  ],
  [/^ +node.kubernetes.io\/unreachable/gm, '                             node.kubernetes.io/unreachable'],
  [/(Type {2}Status\n)( {2}Initialized)/g, '$1  PodReadyToStartContainers  True\n$2'],
]

const ENDPOINTS_ARE_DEPRECATED = 'Warning: v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice\n'

/** Of several differences of one command, the later ones see what the earlier ones made of the recording. */
export const DIFFERENCES: readonly Difference[] = [
  {
    commands: [2],
    only: '1.33',
    reason: 'kubectl 1.36 against a server of its own version',
    stdout: [
      [/v1.33.1/, 'v1.36.3'],
      [/v5.6.0/, 'v5.8.1'],
    ],
    stderr: '',
  },
  {
    commands: [4],
    reason: 'the betas of 1.20 are gone, what they became is stable',
    stdout: [
      [/^(?!autoscaling).*v\d+beta\d\n/gm, ''],
      [/^autoscaling\/v2beta1\nautoscaling\/v2beta2\n/m, 'autoscaling/v2\n'],
      [/^(events.k8s.io\/v1\n)/m, 'discovery.k8s.io/v1\n$1flowcontrol.apiserver.k8s.io/v1\n'],
      [/^(rbac.authorization)/m, 'policy/v1\n$1'],
    ],
  },
  {
    commands: [4],
    reason: 'what metrics-server does is built in',
    stdout: [[/^(networking.k8s.io\/v1\n)/m, 'metrics.k8s.io/v1beta1\n$1']],
  },
  {
    commands: [187],
    only: '1.33',
    reason: 'what metrics-server does is built in',
    code: 0,
    stdout: 'NAME  CPU(cores)  CPU(%)  MEMORY(bytes)  MEMORY(%)\n<node>  <use>\n',
    stderr: '',
  },
  {
    commands: [187],
    only: '1.27',
    reason: 'what metrics-server does is built in',
    code: 0,
    stdout: 'NAME  CPU(cores)  CPU%  MEMORY(bytes)  MEMORY%\n<node>  <use>\n',
    stderr: '',
  },
  {
    commands: [9],
    reason: 'ours says what it is',
    stdout: [
      [/"minor": "20"/, '"minor": "36"'],
      [/"gitCommit": "0"/, `"gitCommit": "${'0'.repeat(40)}"`],
      [/"goVersion": ".*"/, `"goVersion": "node ${process.version}"`],
      [/"compiler": "gc"/, '"compiler": "v8"'],
    ],
  },
  {
    commands: [2],
    only: '1.27',
    reason: 'an earlier kubectl 1.27 against a server of another version',
    stdout: [
      [/GitVersion:"v1.27.16", GitCommit:"\w+"/, 'GitVersion:"v1.27.1", GitCommit:"4c9411232e10168d7b050c49a1b59f6df9d7ea4b"'],
      [/go1.22.5/, 'go1.20.3'],
      [/Minor:"20"/, 'Minor:"36"'],
      [/GitCommit:"0"/, `GitCommit:"${'0'.repeat(40)}"`],
      [/GoVersion:"go1.19.8", Compiler:"gc"/, `GoVersion:"node ${process.version}", Compiler:"v8"`],
    ],
    stderr:
      'WARNING: This version information is deprecated and will be replaced with the output from kubectl version --short.  Use --output=yaml|json to get the full version.\nWARNING: version difference between client (1.27) and server (1.36) exceeds the supported minor version skew of +/-1\n',
  },
  {
    commands: [10, 193],
    reason: 'newer etcds say ok; ours are in order',
    stdout: 'NAME  STATUS  MESSAGE  ERROR\ncontroller-manager  Healthy  ok\netcd-0  Healthy  ok\nscheduler  Healthy  ok\n',
  },
  {
    commands: [13],
    reason: 'since 1.28 everybody may ask who they are; ours lets everybody read the certificate authority',
    stdout: [
      [/^(selfsubjectaccessreviews)/m, 'selfsubjectreviews.authentication.k8s.io  []  []  [create]\n$1'],
      [/^( +\[\/apis\] .*\n)/m, '$1                                                [/cacerts]  []  [get]\n'],
    ],
  },
  { commands: [14], only: '1.33', reason: 'a namespace of an earlier recording', stdout: [[/^s33 .*\n/m, '']] },
  { commands: [14], only: '1.27', reason: 'a namespace of an earlier recording', stdout: [[/^NS {2}Terminating.*\n/m, '']] },
  { commands: [75], reason: 'Endpoints are deprecated since 1.33', stderr: ENDPOINTS_ARE_DEPRECATED },
  { commands: [80, 152], only: '1.27', reason: 'Endpoints are deprecated since 1.33', stderr: ENDPOINTS_ARE_DEPRECATED },
  { commands: [20], reason: 'a pod of an earlier recording', stdout: '', stderr: 'No resources found\n' },
  {
    commands: [15, 16, 17],
    reason: 'explain is drawn from OpenAPI v3',
    stdout: [
      [/^KIND: +(Deployment)\nVERSION: +apps\/v1/, 'GROUP:  apps\nKIND:  $1\nVERSION:  v1'],
      [/^ {5}(?=\S)/gm, '    '],
      [/^ {3}(?=\w+\t)/gm, '  '],
      [/(?<=DESCRIPTION:\n(?: {4}.*\n)+)\n(?= {4})/, ''],
      [/$/, '\n'],
    ],
  },
  {
    commands: [16, 17],
    only: '1.33',
    reason: 'explain is drawn with more space',
    stdout: [[/^RESOURCE: (.*)\n/m, 'FIELD: $1\n\n']],
  },
  { commands: [16, 17], only: '1.27', reason: 'explain is drawn with other words', stdout: [[/^RESOURCE: /m, 'FIELD: ']] },
  {
    commands: [15],
    reason: 'fields that every kind has are described in our words; types have names',
    stdout: [
      [/(apiVersion\t<string>\n)( {4}.*\n)+/, '$1    The group and version of this object, such as apps/v1.\n'],
      [/(kind\t<string>\n)( {4}.*\n)+/, '$1    What this object is, such as Deployment. In CamelCase; cannot be changed.\n'],
      [/metadata\t<Object>/, 'metadata\t<ObjectMeta>'],
      [/spec\t<Object>/, 'spec\t<PodSpec>'],
      [/status\t<Object>/, 'status\t<PodStatus>'],
    ],
  },
  {
    commands: [16],
    reason: 'types have names, and values of a few are listed',
    stdout: [
      [/strategy <Object>/, 'strategy <DeploymentStrategy>'],
      [/rollingUpdate\t<Object>/, 'rollingUpdate\t<RollingUpdateDeployment>'],
      [
        /( {4}RollingUpdate\.\n)(?=\n\n)/,
        '$1\n    Possible enum values:\n     - `"Recreate"` Kill all existing pods before creating new ones.\n     - `"RollingUpdate"` Replace the old ReplicaSets by new one using rolling\n    update i.e gradually scale down the old ReplicaSets and scale up the new\n    one.\n',
      ],
    ],
  },
  {
    commands: [17],
    reason: 'types have names; claims are new; the page moved',
    stdout: [
      [/resources <Object>/, 'resources <ResourceRequirements>'],
      [/manage-compute-resources-container/, 'manage-resources-containers'],
      [/^ {2}limits/m, '  claims\t<[]ResourceClaim>\n    name\t<string> -required-\n    request\t<string>\n  limits'],
      [/map\[string\]string/g, 'map[string]Quantity'],
    ],
  },
  {
    commands: [5],
    reason: 'kinds and versions came and went',
    stdout: [
      [/^podsecuritypolicies .*\n|^ingresses {2}ing {2}extensions.*\n/gm, ''],
      [/v\d(alpha|beta)\d/g, 'v1'],
      [/autoscaling\/v1/, 'autoscaling/v2'],
      [
        /^(?=mutatingwebhook)/m,
        'mutatingadmissionpolicies  admissionregistration.k8s.io/v1  false  MutatingAdmissionPolicy\nmutatingadmissionpolicybindings  admissionregistration.k8s.io/v1  false  MutatingAdmissionPolicyBinding\n',
      ],
      [
        /^(?=validatingwebhook)/m,
        'validatingadmissionpolicies  admissionregistration.k8s.io/v1  false  ValidatingAdmissionPolicy\nvalidatingadmissionpolicybindings  admissionregistration.k8s.io/v1  false  ValidatingAdmissionPolicyBinding\n',
      ],
      [/^(?=tokenreviews)/m, 'selfsubjectreviews  authentication.k8s.io/v1  false  SelfSubjectReview\n'],
      [/^(?=networkpolicies)/m, 'ipaddresses  ip  networking.k8s.io/v1  false  IPAddress\n'],
      [/^(?=runtimeclasses)/m, 'servicecidrs  networking.k8s.io/v1  false  ServiceCIDR\n'],
      [/^(?=storageclasses)/m, 'csistoragecapacities  storage.k8s.io/v1  true  CSIStorageCapacity\n'],
      [/$/, 'volumeattributesclasses  vac  storage.k8s.io/v1  false  VolumeAttributesClass\n'],
    ],
  },
  {
    commands: [5],
    reason: 'what metrics-server does is built in',
    stdout: [
      [
        /^(?=ingressclasses)/m,
        'nodes  metrics.k8s.io/v1beta1  false  NodeMetrics\npods  metrics.k8s.io/v1beta1  true  PodMetrics\n',
      ],
    ],
  },
  {
    commands: [29],
    only: '1.33',
    reason: '1.34 words it so',
    stderr: 'Error from server (NotFound): deployments.apps "nope" not found\n',
  },
  {
    commands: [42],
    reason: 'since 1.27 it is the server that validates',
    stderr:
      'Error from server (BadRequest): error when creating "STDIN": ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "datas"\n',
  },
  {
    commands: [44, 45],
    reason: 'since 1.27 it is the server that validates, with another decoder than in 1.20',
    stderr:
      'Error from server (BadRequest): error when creating "STDIN": Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32\n',
  },
  {
    commands: [50, 61, 62],
    reason: 'since 1.34 an empty creation time is left out',
    stdout: [[/^\+? +"?creationTimestamp"?: null,?\n/m, '']],
  },
  {
    commands: [50],
    reason: 'Services know of two address families, and a dry run of a Service tells its address',
    stdout: [
      [
        /^\+ {2}ports:\n\+ {2}- port: 80\n/m,
        '+  clusterIP: <ip>\n+  clusterIPs:\n+  - <ip>\n+  internalTrafficPolicy: Cluster\n+  ipFamilies:\n+  - IPv4\n+  ipFamilyPolicy: SingleStack\n+  ports:\n+  - port: 80\n',
      ],
    ],
  },
  {
    commands: [73, 74, 78],
    reason: 'the events say from how many replicas',
    stdout: [
      [/> to 2$/gm, '> from 0 to 2'],
      [/> to 3$/gm, '> from 2 to 3'],
    ],
  },
  {
    commands: [80],
    reason: 'Services know of two address families; kubectl reads EndpointSlices v1, which 1.20 had not',
    stdout: [
      [/^IP Families: .*$/m, 'IP Family Policy:  SingleStack\nIP Families:  IPv4'],
      [/^Endpoints: .*$/m, 'Endpoints:  <ip>:80,<ip>:80,<ip>:80'],
    ],
  },
  {
    commands: [80],
    only: '1.33',
    reason: '1.31 shows it',
    stdout: [[/^(Session Affinity: .*)$/m, '$1\nInternal Traffic Policy:  Cluster']],
  },
  {
    commands: [81, 159],
    only: '1.33',
    reason: 'tokens are projected; conditions are more',
    stdout: tokenVolume('Optional:  false'),
  },
  {
    commands: [81, 159],
    only: '1.27',
    reason: 'tokens are projected; conditions are more',
    stdout: tokenVolume('ConfigMapOptional:  <nil>'),
  },
  {
    commands: [81],
    only: '1.33',
    reason: '1.34 shows no events of several objects unless it is asked to',
    stdout: [[/^Events:\n( {2}.*\n)+/gm, '']],
  },
  {
    commands: [82],
    reason: 'since 1.21 each namespace has its name for a label',
    stdout: [[/<none>/, 'kubernetes.io/metadata.name=NS']],
  },
  {
    commands: [90],
    reason: 'as with the runtimes of today, a command that can’t be started is an error and not an exit code',
    code: 1,
    stdout: '',
    stderr:
      'error: Internal error occurred: error executing command in container: OCI runtime exec failed: exec failed: unable to start container process: exec: "nosuch": executable file not found in $PATH: unknown\n',
  },
  {
    commands: [93, 94],
    only: '1.33',
    reason: '1.34 words it so',
    stderr: 'error: container nope is not valid for pod <web pod> out of: c\n',
  },
  {
    commands: [104, 105, 108],
    only: '1.33',
    reason: '1.35 warns',
    stderr: [
      [
        /^/,
        "Warning: resource deployments/web was previously managed with 'kubectl apply'. Rolling back will not update the kubectl.kubernetes.io/last-applied-configuration annotation, which may cause unexpected behavior on future 'kubectl apply' operations. Consider using 'kubectl apply' with your previous configuration file instead.\n",
      ],
    ],
  },
  {
    commands: [124],
    only: '1.33',
    reason: '1.34 has another flag for it',
    stderr:
      "Flag --cpu-percent has been deprecated, Use --cpu with percentage or resource quantity format (e.g., '70%' for utilization or '500m' for milliCPU).\n",
  },
  { commands: [125], reason: 'autoscaling/v2', stdout: [[/<unknown>\/50%/, 'cpu: <unknown>/50%']] },
  {
    commands: [126],
    reason: 'autoscaling/v2',
    stdout: [
      [
        /^Target CPU.*\nCurrent CPU.*$/m,
        'Metrics:  ( current / target )\n  resource cpu on pods  (as a percentage of request):  <unknown> / 50%',
      ],
    ],
  },
  { commands: [147], reason: 'the recorder’s kubelet had a pod that would not go', stdout: [[/^pods {2}3/m, 'pods  2']] },
  {
    commands: [148],
    reason: 'since 1.33 the age is last; the recorder’s kubelet had a pod that would not go',
    stdout: 'NAME  REQUEST  LIMIT  AGE\nq  pods: 2/10  <age>\n',
  },
  {
    commands: [152],
    only: '1.33',
    reason: 'the server has EndpointSlices v1, and its Service has none',
    stdout: [[/\(<error.*>\)/, '()']],
  },
  {
    commands: [157, 158, 159],
    reason: 'our p1 has ended when it is asked for',
    code: 0,
    stdout: [
      [/ContainerCreating {2}0/, 'Error  0'],
      [/^$/, 'out\n'],
      [/^Status: .*\nIP:\nIPs: .*$/m, 'Status:  Failed\nIP:  <ip>\nIPs:\n  IP:  <ip>'],
      [/(Container|Image) ID:$/gm, '$1 ID:  docker://<id>'],
      [
        /Waiting\n +Reason: .*\n/,
        'Terminated\n      Reason:  Error\n      Exit Code:  2\n      Started:  <time>\n      Finished:  <time>\n',
      ],
      [/(PodReadyToStartContainers) {2}True/, '$1  False'],
    ],
    stderr: '',
  },
  {
    commands: [159],
    only: '1.27',
    reason: 'our p1 has ended when it is asked for',
    stdout: [
      [
        /(?<=Successfully assigned .*\n)$/,
        '  Normal  Pulled  <age>  kubelet  Container image "bb:1" already present on machine\n  Normal  Created  <age>  kubelet  Created container p1\n  Normal  Started  <age>  kubelet  Started container p1\n',
      ],
    ],
  },
  {
    commands: [159],
    only: '1.33',
    reason: '1.35 says which part of an object an event is about',
    stdout: [[/kubelet {2}/g, 'kubelet  spec.containers{p1}: ']],
  },
  {
    commands: [161],
    reason: 'no Job controller yet',
    code: 1,
    stdout: '',
    stderr: 'error: timed out waiting for the condition on jobs/j\n',
  },
  {
    commands: [162],
    reason: 'no Job controller yet',
    stdout: 'NAME  STATUS  COMPLETIONS  DURATION  AGE\nj  Running  0/1  <age>\n',
  },
  { commands: [163], only: '1.33', reason: 'newer kubectls show it', stdout: [[/^(Completions: .*)$/m, '$1\nSuspend:  false']] },
  {
    commands: [163],
    reason: 'newer labels and fields',
    stdout: [
      [/^(Selector|Labels): {2}(controller-uid=.*)$/gm, '$1:  batch.kubernetes.io/$2'],
      [/^ +(job-name=j)(?=\nAnnotations)/m, '<labels>$1'],
      [
        /^<labels>/m,
        '                  batch.kubernetes.io/job-name=j\n                  controller-uid=<uid>\n                  ',
      ],
      [
        /^( {2}Labels: {2})(controller-uid=.*)$/m,
        '$1batch.kubernetes.io/$2\n           batch.kubernetes.io/job-name=j\n           $2',
      ],
      [/^(Completions: .*)$/m, '$1\nCompletion Mode:  NonIndexed'],
    ],
  },
  {
    commands: [163],
    reason: 'no Job controller yet',
    stdout: [
      [/^(Start Time|Completed At|Duration): .*\n/gm, ''],
      [/1 Succeeded/, '0 Succeeded'],
      [/^Events:\n( .*\n)+/m, 'Events:  <none>\n'],
    ],
  },
  {
    commands: [165, 167, 168, 170, 171, 177],
    only: '1.33',
    reason: '1.34 says from which namespace',
    stdout: [[/^(.*) deleted$/gm, '$1 deleted from NS namespace']],
  },
  { commands: [167], reason: 'no token Secrets since 1.24', stdout: [[/^secret ".*token.*\n/gm, '']] },
  {
    commands: [172, 173],
    reason: '1.20 did not know the default protocol',
    code: 0,
    stdout: [[/$/, 'service/web serverside-applied\n']],
    stderr: '',
  },
  { commands: [185], only: '1.33', reason: 'the recorded node had the label already', stdout: [[/not labeled/, 'labeled']] },
  {
    commands: [186],
    reason: 'the recorder’s kubelet had pods that would not go; no Job controller yet',
    stdout: [[/^evicting pod NS\/[^<].*\n|^evicting pod NS\/<web.*\n/gm, '']],
  },
  {
    commands: [189],
    reason: 'here there is a default storage class',
    stdout:
      'NAME  PROVISIONER  RECLAIMPOLICY  VOLUMEBINDINGMODE  ALLOWVOLUMEEXPANSION  AGE\nlocal (default)  skiff.dev/local  Delete  WaitForFirstConsumer  true  <age>\n',
    stderr: '',
  },
  { commands: [194], reason: 'the recorder’s kubelet had pods that would not go', code: 0, stderr: '' },
  {
    commands: [195],
    reason: 'ours is gone',
    code: 1,
    stdout: '',
    stderr: 'Error from server (NotFound): namespaces "NS" not found\n',
  },
]
