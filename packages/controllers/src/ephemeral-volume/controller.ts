import { isAlreadyExists, isControlledBy, PERSISTENT_VOLUME_CLAIMS, type Pod } from '@skiff/api'
import type { ControllerContext } from '../shared/context.ts'
import { errorMessage, namespaceIsTerminating } from '../shared/errors.ts'
import { recorderFor, runReconciler } from '../shared/reconcile.ts'
import { planEphemeralVolumes } from './plan.ts'

const CONCURRENCY = 4

/** Makes a claim for every generic ephemeral volume of every pod. The garbage collector takes it away with the pod. */
export async function runEphemeralVolumeController(context: ControllerContext): Promise<void> {
  const { client, informers } = context
  const { persistentVolumeClaims, pods } = informers
  const events = recorderFor(context, 'ephemeral_volume')

  async function reconcile(key: string): Promise<void> {
    const pod = pods.get(key)
    if (pod === undefined) return
    const { namespace } = pod.metadata
    const { create, problems } = planEphemeralVolumes(pod, (name) => persistentVolumeClaims.get(`${namespace}/${name}`))
    for (const { volume, message } of problems) say(pod, volume, message)
    for (const { volume, claim } of create) await createClaim(pod, volume, claim)
  }

  async function createClaim(pod: Pod, volume: string, claim: object): Promise<void> {
    try {
      await client.create(PERSISTENT_VOLUME_CLAIMS, claim)
    } catch (error) {
      // Another one of that name: the informer shows it soon, and the pod is looked at again.
      if (isAlreadyExists(error) || namespaceIsTerminating(error)) return
      say(pod, volume, errorMessage(error))
      throw error
    }
  }

  function say(pod: Pod, volume: string, message: string): void {
    events.event(pod, 'Warning', 'FailedBinding', `ephemeral volume ${volume}: ${message}`)
  }

  await runReconciler(context, {
    name: 'ephemeral-volume',
    reads: [persistentVolumeClaims, pods],
    concurrency: CONCURRENCY,
    watch: (queue) => {
      pods.onChange(({ key, object }) => {
        if (object.spec.volumes?.some(({ ephemeral }) => ephemeral)) queue.add(key)
      })
      persistentVolumeClaims.onChange(({ type, key, object }) => {
        for (const pod of pods.byIndex('claim', key)) {
          if (type === 'deleted' || !isControlledBy(object, pod)) queue.add(`${pod.metadata.namespace}/${pod.metadata.name}`)
        }
      })
    },
    reconcile,
  })
  await events.flush()
}
