import { type ApiClient, QueueMeters } from '@skiff/client'
import type { Logger } from 'pino'
import { runBootstrapTokenController } from './bootstrap-tokens/controller.ts'
import { runClusterRoleAggregationController } from './cluster-role-aggregation/controller.ts'
import { runDeploymentController } from './deployment/controller.ts'
import { runDisruptionController } from './disruption/controller.ts'
import { runEndpointSliceController } from './endpoint-slice/controller.ts'
import { runEndpointSliceMirroring } from './endpoint-slice-mirroring/controller.ts'
import { runEndpointsController } from './endpoints/controller.ts'
import { runEphemeralVolumeController } from './ephemeral-volume/controller.ts'
import { runGarbageCollector } from './garbage-collector/controller.ts'
import { runHorizontalPodAutoscaler } from './horizontal-pod-autoscaler/controller.ts'
import { runNamespaceController } from './namespace/controller.ts'
import { runNodeIpamController } from './node-ipam/controller.ts'
import { runNodeLifecycleController } from './node-lifecycle/controller.ts'
import type { HeartbeatSource } from './node-lifecycle/heartbeats.ts'
import { runPersistentVolumeBinder } from './persistent-volume-binder/controller.ts'
import { runPodGcController } from './pod-gc/controller.ts'
import { runReplicaSetController } from './replica-set/controller.ts'
import { runReplicationController } from './replication-controller/controller.ts'
import { runResourceQuotaController } from './resource-quota/controller.ts'
import { runRootCaController } from './root-ca/controller.ts'
import { runServiceAccountController } from './service-account/controller.ts'
import { runServiceAccountTokenController } from './service-account-tokens/controller.ts'
import type { ControllerContext } from './shared/context.ts'
import { createSharedInformers } from './shared/informers.ts'
import { runTaintEvictionController } from './taint-eviction/controller.ts'
import { runVolumeProtectionController } from './volume-protection/controller.ts'
import { runVolumeProvisioner } from './volume-provisioner/controller.ts'

export interface ControllersOptions {
  readonly client: ApiClient
  readonly heartbeats: HeartbeatSource
  /** PEM of the cluster's CA, for every namespace's `kube-root-ca.crt`. */
  readonly caCertificate: string
  /** Range of all pod addresses; each node gets a /24 of it. */
  readonly podCidr: string
  readonly logger: Logger
  readonly clock: () => Date
  /** Milliseconds that never jump; `heartbeats` must count on the same clock. */
  readonly monotonicNow?: () => number
  readonly random: () => number
  /** Where their work is counted. */
  readonly meters?: QueueMeters
  readonly signal: AbortSignal
}

/** Runs every controller until the signal aborts; `stopped` resolves when the last one has ended. Never rejects. */
export function startControllers(options: ControllersOptions): { readonly stopped: Promise<void> } {
  const { client, logger, clock, random, signal, monotonicNow = () => performance.now() } = options
  const { meters = new QueueMeters() } = options
  const context: ControllerContext = {
    client,
    informers: createSharedInformers(client, { logger, signal }),
    logger,
    meters,
    clock,
    random,
    signal,
  }
  const running = [
    runReplicaSetController(context),
    runReplicationController(context),
    runDeploymentController(context),
    runEndpointSliceController(context),
    runEndpointsController(context),
    runEndpointSliceMirroring(context),
    runNodeIpamController(context, options.podCidr),
    runNodeLifecycleController(context, { heartbeats: options.heartbeats, monotonicNow }),
    runTaintEvictionController(context, monotonicNow),
    runPodGcController(context),
    runNamespaceController(context),
    runGarbageCollector(context),
    runServiceAccountController(context),
    runServiceAccountTokenController(context, options.caCertificate),
    runClusterRoleAggregationController(context),
    runRootCaController(context, options.caCertificate),
    runBootstrapTokenController(context),
    runResourceQuotaController(context, monotonicNow),
    runDisruptionController(context, monotonicNow),
    runHorizontalPodAutoscaler(context, monotonicNow),
    runPersistentVolumeBinder(context),
    runVolumeProtectionController(context),
    runVolumeProvisioner(context),
    runEphemeralVolumeController(context),
  ]
  return { stopped: Promise.all(running).then(() => undefined) }
}
