export { ApiClient, type ApiClientOptions, type Patch, type WatchEvent } from './api-client.ts'
export { type Backoff, type BackoffOptions, backoff } from './backoff.ts'
export { Checkpoint, type CheckpointOptions } from './checkpoint/checkpoint.ts'
export { type Snapshot, snapshotIn } from './checkpoint/informer-snapshot.ts'
export { type Requeue, runController } from './controller/run-controller.ts'
export { WorkQueue } from './controller/work-queue.ts'
export {
  createEventRecorder,
  type EventRecorder,
  type EventRecorderOptions,
  type EventSubject,
  type EventType,
} from './events/event-recorder.ts'
export { createInformer, type Informer, type InformerChange, type InformerOptions } from './informer/informer.ts'
export { loadKubeconfig } from './kubeconfig.ts'
export type { Log } from './log.ts'
export { makeDirectories } from './make-directories.ts'
export { EXPOSITION_TYPE, exposition, type Labels, type MetricFamily, type Sample } from './metrics/exposition.ts'
export { Counter, Histogram } from './metrics/meters.ts'
export { QueueMeters } from './metrics/queue-meters.ts'
export { parseManifest } from './parse-manifest.ts'
export { ResidentProgram } from './resident-program.ts'
