/**
 * The kinds as TypeScript sees them once they are stored: metadata is there, and so is the spec.
 * Field types come from kubernetes-models (types only, nothing of it is loaded at run time).
 */

import type { ICondition } from '@kubernetes-models/apimachinery/apis/meta/v1/Condition'
import type { ILabelSelector } from '@kubernetes-models/apimachinery/apis/meta/v1/LabelSelector'
import type { IObjectMeta } from '@kubernetes-models/apimachinery/apis/meta/v1/ObjectMeta'
import type { IOwnerReference } from '@kubernetes-models/apimachinery/apis/meta/v1/OwnerReference'
import type { IDeployment } from 'kubernetes-models/apps/v1/Deployment'
import type { IReplicaSet } from 'kubernetes-models/apps/v1/ReplicaSet'
import type { ICertificateSigningRequest } from 'kubernetes-models/certificates.k8s.io/v1/CertificateSigningRequest'
import type { ILease } from 'kubernetes-models/coordination.k8s.io/v1/Lease'
import type { IEndpoint } from 'kubernetes-models/discovery.k8s.io/v1/Endpoint'
import type { IEndpointSlice } from 'kubernetes-models/discovery.k8s.io/v1/EndpointSlice'
import type { IClusterRole } from 'kubernetes-models/rbac.authorization.k8s.io/v1/ClusterRole'
import type { IClusterRoleBinding } from 'kubernetes-models/rbac.authorization.k8s.io/v1/ClusterRoleBinding'
import type { IPolicyRule } from 'kubernetes-models/rbac.authorization.k8s.io/v1/PolicyRule'
import type { IRole } from 'kubernetes-models/rbac.authorization.k8s.io/v1/Role'
import type { IRoleBinding } from 'kubernetes-models/rbac.authorization.k8s.io/v1/RoleBinding'
import type { IConfigMap } from 'kubernetes-models/v1/ConfigMap'
import type { IContainer } from 'kubernetes-models/v1/Container'
import type { IContainerState } from 'kubernetes-models/v1/ContainerState'
import type { IContainerStatus } from 'kubernetes-models/v1/ContainerStatus'
import type { IEndpoints } from 'kubernetes-models/v1/Endpoints'
import type { IEvent } from 'kubernetes-models/v1/Event'
import type { INamespace } from 'kubernetes-models/v1/Namespace'
import type { INode } from 'kubernetes-models/v1/Node'
import type { IObjectReference } from 'kubernetes-models/v1/ObjectReference'
import type { IPod } from 'kubernetes-models/v1/Pod'
import type { IPodCondition } from 'kubernetes-models/v1/PodCondition'
import type { IPodSpec } from 'kubernetes-models/v1/PodSpec'
import type { IPodStatus } from 'kubernetes-models/v1/PodStatus'
import type { IPodTemplateSpec } from 'kubernetes-models/v1/PodTemplateSpec'
import type { IProbe } from 'kubernetes-models/v1/Probe'
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
