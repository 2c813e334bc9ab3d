/** Objects that tests of all kinds begin with. */

const POD = { containers: [{ name: 'c', image: 'x' }] }
const WORKLOAD = { selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'b' } }, spec: POD } }
const HOOK = {
  name: 'a.b.c',
  clientConfig: { url: 'https://a.example/' },
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
}
const RULES = [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*'] }]

/** The least that each kind takes, beyond what the recorded objects show. */
export const LEAST_OBJECTS: Readonly<Record<string, { readonly name?: string; readonly body: object }>> = {
  'v1 LimitRange': { body: { spec: { limits: [{ type: 'Container', max: { cpu: '1' } }] } } },
  'apps/v1 StatefulSet': { body: { spec: { serviceName: 's', ...WORKLOAD } } },
  'apps/v1 DaemonSet': { body: { spec: WORKLOAD } },
  'apps/v1 ControllerRevision': { body: { revision: 1, data: { spec: {} } } },
  'batch/v1 Job': { body: { spec: { template: { spec: { ...POD, restartPolicy: 'Never' } } } } },
  'batch/v1 CronJob': {
    body: { spec: { schedule: '@daily', jobTemplate: { spec: { template: { spec: { ...POD, restartPolicy: 'OnFailure' } } } } } },
  },
  'policy/v1 PodDisruptionBudget': { body: { spec: { maxUnavailable: '50%', selector: {} } } },
  'scheduling.k8s.io/v1 PriorityClass': { body: { value: 5 } },
  'scheduling.k8s.io/v1 PriorityClass of the system': { name: 'system-node-critical', body: { value: 2000001000 } },
  'node.k8s.io/v1 RuntimeClass': { body: { handler: 'runc' } },
  'networking.k8s.io/v1 Ingress': { body: { spec: { defaultBackend: { service: { name: 's', port: { name: 'web' } } } } } },
  'networking.k8s.io/v1 IngressClass': { body: { spec: { controller: 'example.com/ingress' } } },
  'networking.k8s.io/v1 NetworkPolicy': { body: { spec: { podSelector: {} } } },
  'networking.k8s.io/v1 IPAddress': {
    name: '10.0.0.1',
    body: { spec: { parentRef: { resource: 'services', namespace: 'default', name: 's' } } },
  },
  'networking.k8s.io/v1 ServiceCIDR': { body: { spec: { cidrs: ['10.97.0.0/24'] } } },
  'storage.k8s.io/v1 StorageClass': { body: { provisioner: 'example.com/disk' } },
  'storage.k8s.io/v1 VolumeAttachment': {
    body: { spec: { attacher: 'disk.example.com', nodeName: 'n', source: { persistentVolumeName: 'v' } } },
  },
  'storage.k8s.io/v1 VolumeAttributesClass': { body: { driverName: 'disk.example.com', parameters: { iops: '5' } } },
  'storage.k8s.io/v1 CSIDriver': { name: 'disk.example.com', body: { spec: {} } },
  'storage.k8s.io/v1 CSINode': { body: { spec: { drivers: [{ name: 'disk.example.com', nodeID: 'n', topologyKeys: [] }] } } },
  'storage.k8s.io/v1 CSIStorageCapacity': { body: { storageClassName: 's', capacity: '1Gi' } },
  'admissionregistration.k8s.io/v1 MutatingWebhookConfiguration': { body: { webhooks: [HOOK] } },
  'admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration': { body: { webhooks: [HOOK] } },
  'admissionregistration.k8s.io/v1 ValidatingAdmissionPolicy': {
    body: { spec: { matchConstraints: { resourceRules: RULES }, validations: [{ expression: 'true' }] } },
  },
  'admissionregistration.k8s.io/v1 ValidatingAdmissionPolicyBinding': {
    body: { spec: { policyName: 'p', validationActions: ['Deny'] } },
  },
  'admissionregistration.k8s.io/v1 MutatingAdmissionPolicy': {
    body: {
      spec: {
        matchConstraints: { resourceRules: RULES },
        mutations: [{ patchType: 'JSONPatch', jsonPatch: { expression: '[]' } }],
      },
    },
  },
  'admissionregistration.k8s.io/v1 MutatingAdmissionPolicyBinding': { body: { spec: { policyName: 'p' } } },
  'apiextensions.k8s.io/v1 CustomResourceDefinition': {
    name: 'widgets.example.com',
    body: {
      spec: {
        group: 'example.com',
        scope: 'Namespaced',
        names: { plural: 'widgets', kind: 'Widget' },
        versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
      },
    },
  },
  'apiregistration.k8s.io/v1 APIService': {
    name: 'v1.example.com',
    body: { spec: { group: 'example.com', version: 'v1', groupPriorityMinimum: 100, versionPriority: 100 } },
  },
  'flowcontrol.apiserver.k8s.io/v1 FlowSchema': { body: { spec: { priorityLevelConfiguration: { name: 'p' } } } },
  'flowcontrol.apiserver.k8s.io/v1 PriorityLevelConfiguration': {
    body: { spec: { type: 'Limited', limited: { limitResponse: { type: 'Queue', queuing: {} } } } },
  },
}
