import type { ResourceDefinition } from '../registry/resource-definition.ts'
import {
  mutatingAdmissionPolicyBindingResource,
  mutatingAdmissionPolicyResource,
  validatingAdmissionPolicyBindingResource,
  validatingAdmissionPolicyResource,
} from './admissionregistration/policy-resources.ts'
import { mutatingWebhookResource, validatingWebhookResource } from './admissionregistration/webhook-resources.ts'
import { apiServiceResource } from './apiservices/api-service-resource.ts'
import { csrResource } from './certificatesigningrequests/csr-resource.ts'
import { configMapResource } from './configmaps/config-map-resource.ts'
import { controllerRevisionResource } from './controllerrevisions/controller-revision-resource.ts'
import { cronJobResource } from './cronjobs/cron-job-resource.ts'
import { customResourceDefinitionResource } from './customresourcedefinitions/crd-resource.ts'
import { daemonSetResource } from './daemonsets/daemon-set-resource.ts'
import { deploymentResource } from './deployments/deployment-resource.ts'
import { endpointsResource } from './endpoints/endpoints-resource.ts'
import { endpointSliceResource } from './endpointslices/endpoint-slice-resource.ts'
import { eventResource } from './events/event-resource.ts'
import { eventV1Resource } from './events/event-v1-resource.ts'
import { flowSchemaResource } from './flowcontrol/flow-schema-resource.ts'
import { priorityLevelResource } from './flowcontrol/priority-level-resource.ts'
import { horizontalPodAutoscalerResource, horizontalPodAutoscalerV1Resource } from './horizontalpodautoscalers/hpa-resources.ts'
import { ingressClassResource } from './ingressclasses/ingress-class-resource.ts'
import { ingressResource } from './ingresses/ingress-resource.ts'
import { ipAddressResource } from './ipaddresses/ip-address-resource.ts'
import { jobResource } from './jobs/job-resource.ts'
import { leaseResource } from './leases/lease-resource.ts'
import { limitRangeResource } from './limitranges/limit-range-resource.ts'
import { namespaceResource } from './namespaces/namespace-resource.ts'
import { networkPolicyResource } from './networkpolicies/network-policy-resource.ts'
import { nodeResource } from './nodes/node-resource.ts'
import { persistentVolumeClaimResource } from './persistentvolumeclaims/claim-resource.ts'
import { persistentVolumeResource } from './persistentvolumes/volume-resource.ts'
import { podDisruptionBudgetResource } from './poddisruptionbudgets/pdb-resource.ts'
import { podResource } from './pods/pod-resource.ts'
import { podTemplateResource } from './podtemplates/pod-template-resource.ts'
import { priorityClassResource } from './priorityclasses/priority-class-resource.ts'
import { clusterRoleBindingResource, clusterRoleResource, roleBindingResource, roleResource } from './rbac/rbac-resources.ts'
import { replicaSetResource } from './replicasets/replica-set-resource.ts'
import { replicationControllerResource } from './replicationcontrollers/replication-controller-resource.ts'
import { resourceQuotaResource } from './resourcequotas/resource-quota-resource.ts'
import { runtimeClassResource } from './runtimeclasses/runtime-class-resource.ts'
import { secretResource } from './secrets/secret-resource.ts'
import { serviceAccountResource } from './serviceaccounts/service-account-resource.ts'
import { serviceCidrResource } from './servicecidrs/service-cidr-resource.ts'
import { serviceResource } from './services/service-resource.ts'
import { statefulSetResource } from './statefulsets/stateful-set-resource.ts'
import {
  csiDriverResource,
  csiNodeResource,
  csiStorageCapacityResource,
  volumeAttributesClassResource,
} from './storage/csi-resources.ts'
import { storageClassResource } from './storage/storage-class-resource.ts'
import { volumeAttachmentResource } from './storage/volume-attachment-resource.ts'
import { withZeroFields } from './zero-fields.ts'

/** Every kind that the server knows from the start. A new kind: docs/checklists/add-a-kind.md. */
export const BUILT_IN_RESOURCES: readonly ResourceDefinition[] = [
  namespaceResource,
  nodeResource,
  podResource,
  podTemplateResource,
  replicationControllerResource,
  serviceResource,
  endpointsResource,
  configMapResource,
  secretResource,
  serviceAccountResource,
  persistentVolumeResource,
  persistentVolumeClaimResource,
  limitRangeResource,
  resourceQuotaResource,
  eventResource,
  eventV1Resource,
  deploymentResource,
  replicaSetResource,
  statefulSetResource,
  daemonSetResource,
  controllerRevisionResource,
  jobResource,
  cronJobResource,
  horizontalPodAutoscalerResource,
  horizontalPodAutoscalerV1Resource,
  podDisruptionBudgetResource,
  priorityClassResource,
  runtimeClassResource,
  endpointSliceResource,
  ingressResource,
  ingressClassResource,
  networkPolicyResource,
  ipAddressResource,
  serviceCidrResource,
  storageClassResource,
  volumeAttachmentResource,
  volumeAttributesClassResource,
  csiDriverResource,
  csiNodeResource,
  csiStorageCapacityResource,
  leaseResource,
  csrResource,
  roleResource,
  roleBindingResource,
  clusterRoleResource,
  clusterRoleBindingResource,
  validatingWebhookResource,
  mutatingWebhookResource,
  validatingAdmissionPolicyResource,
  validatingAdmissionPolicyBindingResource,
  mutatingAdmissionPolicyResource,
  mutatingAdmissionPolicyBindingResource,
  customResourceDefinitionResource,
  apiServiceResource,
  flowSchemaResource,
  priorityLevelResource,
].map(withZeroFields)
