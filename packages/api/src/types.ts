/**
 * The kinds as TypeScript sees them once they are stored: metadata is there, and so is the spec.
 * Field types come from kubernetes-models (types only, nothing of it is loaded at run time).
 */

import type { ICondition } from '@kubernetes-models/apimachinery/apis/meta/v1/Condition'
import type { ILabelSelector } from '@kubernetes-models/apimachinery/apis/meta/v1/LabelSelector'
import type { IObjectMeta } from '@kubernetes-models/apimachinery/apis/meta/v1/ObjectMeta'
import type { IOwnerReference } from '@kubernetes-models/apimachinery/apis/meta/v1/OwnerReference'
import type { IMutatingWebhookConfiguration } from 'kubernetes-models/admissionregistration.k8s.io/v1/MutatingWebhookConfiguration'
import type { IValidatingAdmissionPolicy } from 'kubernetes-models/admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy'
import type { IValidatingAdmissionPolicyBinding } from 'kubernetes-models/admissionregistration.k8s.io/v1/ValidatingAdmissionPolicyBinding'
import type { IValidatingWebhookConfiguration } from 'kubernetes-models/admissionregistration.k8s.io/v1/ValidatingWebhookConfiguration'
import type { ICustomResourceDefinition } from 'kubernetes-models/apiextensions.k8s.io/v1/CustomResourceDefinition'
import type { IAPIService } from 'kubernetes-models/apiregistration.k8s.io/v1/APIService'
import type { IControllerRevision } from 'kubernetes-models/apps/v1/ControllerRevision'
import type { IDaemonSet } from 'kubernetes-models/apps/v1/DaemonSet'
import type { IDeployment } from 'kubernetes-models/apps/v1/Deployment'
import type { IReplicaSet } from 'kubernetes-models/apps/v1/ReplicaSet'
import type { IStatefulSet } from 'kubernetes-models/apps/v1/StatefulSet'
import type { IHorizontalPodAutoscaler as IHorizontalPodAutoscalerV1 } from 'kubernetes-models/autoscaling/v1/HorizontalPodAutoscaler'
import type { IHorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler'
import type { ICronJob } from 'kubernetes-models/batch/v1/CronJob'
import type { IJob } from 'kubernetes-models/batch/v1/Job'
import type { ICertificateSigningRequest } from 'kubernetes-models/certificates.k8s.io/v1/CertificateSigningRequest'
import type { ILease } from 'kubernetes-models/coordination.k8s.io/v1/Lease'
import type { IEndpoint } from 'kubernetes-models/discovery.k8s.io/v1/Endpoint'
import type { IEndpointSlice } from 'kubernetes-models/discovery.k8s.io/v1/EndpointSlice'
import type { IEvent as IEventV1 } from 'kubernetes-models/events.k8s.io/v1/Event'
import type { IFlowSchema } from 'kubernetes-models/flowcontrol.apiserver.k8s.io/v1/FlowSchema'
import type { IPriorityLevelConfiguration } from 'kubernetes-models/flowcontrol.apiserver.k8s.io/v1/PriorityLevelConfiguration'
import type { IIngress } from 'kubernetes-models/networking.k8s.io/v1/Ingress'
import type { IIngressClass } from 'kubernetes-models/networking.k8s.io/v1/IngressClass'
import type { IIPAddress } from 'kubernetes-models/networking.k8s.io/v1/IPAddress'
import type { INetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy'
import type { IServiceCIDR } from 'kubernetes-models/networking.k8s.io/v1/ServiceCIDR'
import type { IRuntimeClass } from 'kubernetes-models/node.k8s.io/v1/RuntimeClass'
import type { IPodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget'
import type { IClusterRole } from 'kubernetes-models/rbac.authorization.k8s.io/v1/ClusterRole'
import type { IClusterRoleBinding } from 'kubernetes-models/rbac.authorization.k8s.io/v1/ClusterRoleBinding'
import type { IPolicyRule } from 'kubernetes-models/rbac.authorization.k8s.io/v1/PolicyRule'
import type { IRole } from 'kubernetes-models/rbac.authorization.k8s.io/v1/Role'
import type { IRoleBinding } from 'kubernetes-models/rbac.authorization.k8s.io/v1/RoleBinding'
import type { IPriorityClass } from 'kubernetes-models/scheduling.k8s.io/v1/PriorityClass'
import type { ICSIDriver } from 'kubernetes-models/storage.k8s.io/v1/CSIDriver'
import type { ICSINode } from 'kubernetes-models/storage.k8s.io/v1/CSINode'
import type { ICSIStorageCapacity } from 'kubernetes-models/storage.k8s.io/v1/CSIStorageCapacity'
import type { IStorageClass } from 'kubernetes-models/storage.k8s.io/v1/StorageClass'
import type { IVolumeAttachment } from 'kubernetes-models/storage.k8s.io/v1/VolumeAttachment'
import type { IVolumeAttributesClass } from 'kubernetes-models/storage.k8s.io/v1/VolumeAttributesClass'
import type { IConfigMap } from 'kubernetes-models/v1/ConfigMap'
import type { IContainer } from 'kubernetes-models/v1/Container'
import type { IContainerState } from 'kubernetes-models/v1/ContainerState'
import type { IContainerStatus } from 'kubernetes-models/v1/ContainerStatus'
import type { IEndpoints } from 'kubernetes-models/v1/Endpoints'
import type { IEvent } from 'kubernetes-models/v1/Event'
import type { ILimitRange } from 'kubernetes-models/v1/LimitRange'
import type { INamespace } from 'kubernetes-models/v1/Namespace'
import type { INode } from 'kubernetes-models/v1/Node'
import type { IObjectReference } from 'kubernetes-models/v1/ObjectReference'
import type { IPersistentVolume } from 'kubernetes-models/v1/PersistentVolume'
import type { IPersistentVolumeClaim } from 'kubernetes-models/v1/PersistentVolumeClaim'
import type { IPod } from 'kubernetes-models/v1/Pod'
import type { IPodCondition } from 'kubernetes-models/v1/PodCondition'
import type { IPodSpec } from 'kubernetes-models/v1/PodSpec'
import type { IPodStatus } from 'kubernetes-models/v1/PodStatus'
import type { IPodTemplate } from 'kubernetes-models/v1/PodTemplate'
import type { IPodTemplateSpec } from 'kubernetes-models/v1/PodTemplateSpec'
import type { IProbe } from 'kubernetes-models/v1/Probe'
import type { IReplicationController } from 'kubernetes-models/v1/ReplicationController'
import type { IResourceQuota } from 'kubernetes-models/v1/ResourceQuota'
import type { ISecret } from 'kubernetes-models/v1/Secret'
import type { IService } from 'kubernetes-models/v1/Service'
import type { IServiceAccount } from 'kubernetes-models/v1/ServiceAccount'
import type { IServicePort } from 'kubernetes-models/v1/ServicePort'
import type { ITaint } from 'kubernetes-models/v1/Taint'
import type { IToleration } from 'kubernetes-models/v1/Toleration'
import type { IVolume } from 'kubernetes-models/v1/Volume'

/** metadata of a stored object: what the server always fills is not optional. `namespace` is absent on cluster-wide kinds. */
export type ObjectMeta = IObjectMeta & { name: string; uid: string; resourceVersion: string; creationTimestamp: string }

type Loose = { metadata?: IObjectMeta; spec?: unknown }
type WithSpec<T> = T extends { spec?: infer S } ? (undefined extends T['spec'] ? { spec: NonNullable<S> } : { spec: S }) : object

/** A kind as stored: metadata and spec present, the rest as upstream declares it. */
export type Stored<T extends Loose> = Omit<T, 'metadata' | 'spec'> & { metadata: ObjectMeta } & WithSpec<T>

/** Any object of any kind, as generic code (registry, garbage collector, kubectl-like commands) handles it. */
export interface KubeObject {
  apiVersion: string
  kind: string
  metadata: ObjectMeta
  [field: string]: unknown
}

/** What a client may send to create an object: metadata as far as the client cares. */
export type Draft<T extends { metadata: ObjectMeta }> = Omit<T, 'metadata'> & { metadata: IObjectMeta }

export type Namespace = Stored<INamespace>
export type Node = Stored<INode>
export type Pod = Stored<IPod>
export type Service = Stored<IService>
export type Endpoints = Stored<IEndpoints>
export type EndpointSlice = Stored<IEndpointSlice>
export type ConfigMap = Stored<IConfigMap>
export type Secret = Stored<ISecret>
export type ServiceAccount = Stored<IServiceAccount>
export type Event = Stored<IEvent>
export type Lease = Stored<ILease>
export type Deployment = Stored<IDeployment>
export type ReplicaSet = Stored<IReplicaSet>
export type Role = Stored<IRole>
export type RoleBinding = Stored<IRoleBinding>
export type ClusterRole = Stored<IClusterRole>
export type ClusterRoleBinding = Stored<IClusterRoleBinding>
export type CertificateSigningRequest = Stored<ICertificateSigningRequest>
export type StatefulSet = Stored<IStatefulSet>
export type DaemonSet = Stored<IDaemonSet>
export type ControllerRevision = Stored<IControllerRevision>
export type Job = Stored<IJob>
export type CronJob = Stored<ICronJob>
export type PodDisruptionBudget = Stored<IPodDisruptionBudget>
export type PriorityClass = Stored<IPriorityClass>
export type RuntimeClass = Stored<IRuntimeClass>
export type Ingress = Stored<IIngress>
export type IngressClass = Stored<IIngressClass>
export type NetworkPolicy = Stored<INetworkPolicy>
export type IPAddress = Stored<IIPAddress>
export type ServiceCIDR = Stored<IServiceCIDR>
export type StorageClass = Stored<IStorageClass>
export type VolumeAttachment = Stored<IVolumeAttachment>
export type CSIDriver = Stored<ICSIDriver>
export type CSINode = Stored<ICSINode>
export type CSIStorageCapacity = Stored<ICSIStorageCapacity>
export type VolumeAttributesClass = Stored<IVolumeAttributesClass>
export type PersistentVolume = Stored<IPersistentVolume>
export type PersistentVolumeClaim = Stored<IPersistentVolumeClaim>
export type ReplicationController = Stored<IReplicationController>
export type LimitRange = Stored<ILimitRange>
export type ResourceQuota = Stored<IResourceQuota>
export type PodTemplate = Stored<IPodTemplate>
export type ValidatingWebhookConfiguration = Stored<IValidatingWebhookConfiguration>
export type MutatingWebhookConfiguration = Stored<IMutatingWebhookConfiguration>
export type ValidatingAdmissionPolicy = Stored<IValidatingAdmissionPolicy>
export type ValidatingAdmissionPolicyBinding = Stored<IValidatingAdmissionPolicyBinding>
export type CustomResourceDefinition = Stored<ICustomResourceDefinition>
export type APIService = Stored<IAPIService>
export type FlowSchema = Stored<IFlowSchema>
export type PriorityLevelConfiguration = Stored<IPriorityLevelConfiguration>
export type HorizontalPodAutoscaler = Stored<IHorizontalPodAutoscaler>
export type HorizontalPodAutoscalerV1 = Stored<IHorizontalPodAutoscalerV1>
/** events.k8s.io's form of an Event. */
export type EventV1 = Stored<IEventV1>

export type {
  ICondition as Condition,
  IContainer as Container,
  IContainerState as ContainerState,
  IContainerStatus as ContainerStatus,
  IEndpoint as Endpoint,
  ILabelSelector as LabelSelector,
  IObjectReference as ObjectReference,
  IOwnerReference as OwnerReference,
  IPodCondition as PodCondition,
  IPodSpec as PodSpec,
  IPodStatus as PodStatus,
  IPodTemplateSpec as PodTemplateSpec,
  IPolicyRule as PolicyRule,
  IProbe as Probe,
  IServicePort as ServicePort,
  ITaint as Taint,
  IToleration as Toleration,
  IVolume as Volume,
}
