import {
  ApiError,
  decodeObject,
  decodeProtobuf,
  formatFieldSelector,
  matchesLabels,
  parseFieldSelector,
  parseJson,
  parseLabelSelector,
  schemaOf,
} from '@skiff/api'
import { expect, test } from 'vitest'
import { parseYaml } from '../http/parse-yaml.ts'
import { jsonPatch, mergePatch, strategicMergePatch } from '../patch/index.ts'
import { type Sample, samples } from './corpus.ts'
import { garbled, mutated } from './mutate.ts'
import { Random } from './random.ts'
import { bodyFor, jsonPatchFor, SELECTORS, withDirectives } from './requests.ts'
import { oddText } from './values.ts'

const INPUTS = Number(process.env.SKIFF_FUZZ_INPUTS ?? 70_000)
const SEED = Number(process.env.SKIFF_FUZZ_SEED ?? 1)

test(`${INPUTS} generated bodies, patches and selectors, seed ${SEED}: each is taken or refused as a client’s mistake`, () => {
  const corpus = samples()
  const random = new Random(SEED)
  for (let n = 0; n < INPUTS; n += 1) {
    const sample = random.pick(corpus)
    const before = JSON.stringify(sample.object)
    const part = random.pick(PARTS)
    try {
      part(sample, random)
    } catch (error) {
      if (!(error instanceof ApiError)) throw new Error(`input ${n} of ${part.name}: ${String(error)}`, { cause: error })
    }
    // Nobody changes what was only lent to him.
    if (JSON.stringify(sample.object) !== before) throw new Error(`input ${n}: ${part.name} changed its original`)
  }
  expect(Object.keys(Object.prototype)).toEqual([])
}, 300_000)

type Part = (sample: Sample, random: Random) => void

const PARTS: readonly Part[] = [
  function decodesJson({ info, object }, random) {
    const text = garbled(JSON.stringify(bodyFor(info, object, random)), random).toString()
    const { value } = parseJson(text, { findDuplicates: random.chance(0.5) })
    decodeObject(requireSchema(info), value, { mode: random.pick(['Strict', 'Warn', 'Ignore']) })
  },
  function decodesProtobuf({ info, object }, random) {
    const { kind, apiVersion } = object
    const frame = Buffer.concat([Buffer.from('k8s\0'), garbled(JSON.stringify(object), random)])
    decodeProtobuf(random.chance(0.9) ? frame : garbled(kind, random), { fallback: { apiVersion, kind: info.kind } })
  },
  function readsYaml({ object }, random) {
    const { metadata } = object
    parseYaml(
      garbled(`metadata: &a\n  name: ${metadata.name}\n  labels: {a: b}\nspec: *a\ndata:\n  - 1\n  - yes\n`, random).toString(),
    )
  },
  function patchesStrategically({ info, object }, random) {
    strategicMergePatch(object, withDirectives(bodyFor(info, object, random), random) as object, requireSchema(info))
  },
  function patchesByMerge({ object }, random) {
    mergePatch(object, mutated(object, random))
  },
  function patchesByOperations({ object }, random) {
    jsonPatch(object, jsonPatchFor(object, random) as never)
  },
  function selectsByLabels(_, random) {
    const text = random.chance(0.5) ? garbled(random.pick(SELECTORS), random).toString() : oddText(random)
    matchesLabels(parseLabelSelector(text), { a: 'b', c: '5' })
  },
  function selectsByFields(_, random) {
    const text = random.chance(0.5) ? garbled('metadata.name=a,status.phase!=b\\,c', random).toString() : oddText(random)
    const requirements = parseFieldSelector(text)
    expect(parseFieldSelector(formatFieldSelector(requirements))).toEqual(requirements)
  },
]

function requireSchema({ group, version, kind }: Sample['info']) {
  const schema = schemaOf(group, version, kind)
  if (schema === undefined) throw new Error(`${kind} has no schema`)
  return schema
}
