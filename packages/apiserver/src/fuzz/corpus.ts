import { readFileSync } from 'node:fs'
import { apiVersionOf, BUILT_IN_KINDS, type KindInfo, type KubeObject, schemaOf } from '@skiff/api'
import { LEAST_OBJECTS } from '../resources/testing/least-objects.ts'

export interface Sample {
  readonly info: KindInfo
  /** An object that the kind takes. */
  readonly object: KubeObject
}

/** An object of every kind, most of them from a real server's record. */
export function samples(): readonly Sample[] {
  const url = new URL('../resources/fixtures/kinds-and-defaults.json', import.meta.url)
  const recorded = (
    JSON.parse(readFileSync(url, 'utf8')) as { answer?: { apiVersion?: string; kind?: string }; body: object }[]
  ).flatMap(({ answer, body }) => sample(answer?.apiVersion, answer?.kind, body))
  const least = Object.entries(LEAST_OBJECTS).flatMap(([words, { name = 'x', body }]) => {
    const [apiVersion, kind] = words.split(' ')
    return sample(apiVersion, kind, { metadata: { name }, ...body })
  })
  return [...recorded, ...least]
}

function sample(apiVersion: string | undefined, kind: string | undefined, body: object): Sample[] {
  const info = BUILT_IN_KINDS.find((each) => apiVersionOf(each) === apiVersion && each.kind === kind)
  if (info === undefined || schemaOf(info.group, info.version, info.kind) === undefined) return []
  return [{ info, object: { ...body, apiVersion: apiVersionOf(info), kind: info.kind } as unknown as KubeObject }]
}
