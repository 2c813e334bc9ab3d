import type { Deployment, ReplicaSet } from '@skiff/api'
import type { DeploymentStep } from '../deployment/plan.ts'
import { replicasOf } from '../deployment/replica-counts.ts'
import { metaOf } from './objects.ts'

/** A cluster's answer to a plan's steps, without a cluster: ReplicaSets with pods that become available when told to. */
export class SimulatedReplicaSets {
  readonly #deployment: () => Deployment
  /** As the controller sees them: their status is only as new as the last `observe`. */
  replicaSets: ReplicaSet[] = []
  #available = new Map<string, number>()
  #born = 0

  constructor(deployment: () => Deployment) {
    this.#deployment = deployment
  }

  get pods(): number {
    return this.replicaSets.reduce((total, one) => total + replicasOf(one), 0)
  }

  get available(): number {
    return [...this.#available.values()].reduce((total, count) => total + count, 0)
  }

  execute(step: DeploymentStep): void {
    switch (step.type) {
      case 'create-replica-set': {
        const { name = '', ...metadata } = step.replicaSet.metadata
        this.#born += 1
        const creationTimestamp = new Date(this.#born * 1000).toISOString()
        this.replicaSets.push({
          ...step.replicaSet,
          metadata: metaOf(name, { ...metadata, creationTimestamp, generation: 1 }),
          status: { replicas: 0 },
        })
        this.#available.set(name, 0)
        return
      }
      case 'update-replica-set':
        this.#change(step.replicaSet, (one) => ({
          ...one,
          metadata: { ...one.metadata, annotations: { ...step.annotations } },
        }))
        return
      case 'scale': {
        const { name } = step.replicaSet.metadata
        // A ReplicaSet lets pods go that aren't ready before those that are.
        this.#available.set(name, Math.min(step.replicas, this.#available.get(name) ?? 0))
        this.#change(step.replicaSet, (one) => ({
          ...one,
          spec: { ...one.spec, replicas: step.replicas },
          metadata: { ...one.metadata, annotations: { ...one.metadata.annotations, ...step.annotations } },
        }))
        return
      }
      case 'delete-replica-set':
        this.replicaSets = this.replicaSets.filter((one) => one !== step.replicaSet)
        return
      case 'set-revision': {
        const { metadata } = this.#deployment()
        metadata.annotations = { ...metadata.annotations, 'deployment.kubernetes.io/revision': step.revision }
      }
    }
  }

  /** One more pod of this ReplicaSet becomes available; false when all are. */
  makeAvailable(index: number): boolean {
    const replicaSet = this.replicaSets[index % Math.max(1, this.replicaSets.length)]
    if (!replicaSet) return false
    const { name } = replicaSet.metadata
    const available = this.#available.get(name) ?? 0
    if (available >= replicasOf(replicaSet)) return false
    this.#available.set(name, available + 1)
    return true
  }

  /** The statuses catch up with the pods: all of them, or that of one ReplicaSet. */
  observe(index?: number): void {
    this.replicaSets = this.replicaSets.map((one, at) => {
      if (index !== undefined && at !== index % this.replicaSets.length) return one
      const availableReplicas = this.#available.get(one.metadata.name) ?? 0
      const replicas = replicasOf(one)
      return { ...one, status: { replicas, availableReplicas, readyReplicas: availableReplicas, observedGeneration: 1 } }
    })
  }

  #change({ metadata }: ReplicaSet, change: (one: ReplicaSet) => ReplicaSet): void {
    this.replicaSets = this.replicaSets.map((one) => (one.metadata.name === metadata.name ? change(one) : one))
  }
}
