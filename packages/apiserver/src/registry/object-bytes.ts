/**
 * An object as it is stored and sent: JSON that starts with kind and apiVersion. List items leave those two out
 * (as Kubernetes does), which is a cut of a known length: lists copy bytes and parse nothing.
 */

import { ApiError, apiVersionOf, type KindInfo, type KubeObject } from '@skiff/api'
import { setKey } from '../patch/json-value.ts'

/** etcd's and so everybody's limit on one object. */
const OBJECT_LIMIT_BYTES = 1536 * 1024

const UNSTAMPED = '"resourceVersion":""'

export interface ObjectTemplate {
  /** The bytes at a revision; stamps the object as well. */
  stamp(revision: number): Buffer
}

/** Serialises once, before the revision is known. Throws RequestEntityTooLarge. */
export function objectTemplate(info: KindInfo, object: KubeObject): ObjectTemplate {
  const text = stringify(info, object, '')
  // Name, namespace and uid come before and can't hold quotes: the first match is the field itself.
  const gap = text.indexOf(UNSTAMPED) + UNSTAMPED.length - 1
  const [before, after] = [text.slice(0, gap), text.slice(gap)]
  const length = Buffer.byteLength(text)
  if (length > OBJECT_LIMIT_BYTES) {
    throw new ApiError('RequestEntityTooLarge', `Request entity too large: limit of an object is ${OBJECT_LIMIT_BYTES} bytes`)
  }
  return {
    stamp: (revision) => {
      const stamp = String(revision)
      object.metadata.resourceVersion = stamp
      const bytes = Buffer.allocUnsafeSlow(length + stamp.length)
      const stampAt = bytes.write(before)
      bytes.write(after, stampAt + bytes.write(stamp, stampAt))
      return bytes
    },
  }
}

/** The bytes of an object that isn't stored (a dry run), as its metadata stands. */
export function encodeObject(info: KindInfo, object: KubeObject): Buffer {
  return Buffer.from(stringify(info, object, object.metadata.resourceVersion))
}

function stringify(info: KindInfo, object: KubeObject, resourceVersion: string | undefined): string {
  const metadata = inOrder(object.metadata, resourceVersion)
  const ordered: Record<string, unknown> = { kind: info.kind, apiVersion: apiVersionOf(info), metadata }
  for (const key of Object.keys(object)) if (!Object.hasOwn(ordered, key)) setKey(ordered, key, object[key])
  return JSON.stringify(ordered)
}

/** Upstream's order, for people who read the JSON. */
function inOrder(metadata: KubeObject['metadata'], resourceVersion: string | undefined): object {
  return {
    name: metadata.name,
    generateName: metadata.generateName,
    namespace: metadata.namespace,
    uid: metadata.uid,
    resourceVersion,
    generation: metadata.generation,
    creationTimestamp: metadata.creationTimestamp,
    deletionTimestamp: metadata.deletionTimestamp,
    deletionGracePeriodSeconds: metadata.deletionGracePeriodSeconds,
    labels: metadata.labels,
    annotations: metadata.annotations,
    ownerReferences: metadata.ownerReferences,
    finalizers: metadata.finalizers,
    managedFields: metadata.managedFields,
  }
}

/** The length of `{"kind":"Pod","apiVersion":"v1",`. */
export function headLength(info: KindInfo): number {
  return Buffer.byteLength(`{"kind":"${info.kind}","apiVersion":"${apiVersionOf(info)}",`)
}

export function decodeBytes(bytes: Buffer): KubeObject {
  return JSON.parse(bytes.toString('utf8')) as KubeObject
}

const REVISION_FIELD = Buffer.from('"resourceVersion":"')

/** Stored bytes as of another revision: a deleted object in its last state, at the revision of its deletion. */
export function atRevision(bytes: Buffer, revision: number): Buffer {
  const start = bytes.indexOf(REVISION_FIELD) + REVISION_FIELD.length
  const end = bytes.indexOf('"', start)
  return Buffer.concat([bytes.subarray(0, start), Buffer.from(String(revision)), bytes.subarray(end)])
}
