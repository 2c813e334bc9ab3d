/** Runs a schema's rules on an object (k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/validation.go): same words. */

import { duplicate, type FieldError, forbiddenField, invalid, required } from '@skiff/api'
import { CelBudget } from '../../cel/index.ts'
import { isJsonObject, jsonEquals, ownValue } from '../../patch/json-value.ts'
import { oldItem, oldProperty } from '../schema/correlate.ts'
import type { ValidationRule } from '../schema/json-schema.ts'
import type { CompiledRule, RuleTree } from './compile-rules.ts'

export interface RuleRun {
  readonly value: unknown
  /** What is stored; undefined: the object is new, or nothing says which part of the old one this continues. */
  readonly old: unknown
  /** '' for the object itself. */
  readonly path: string
}

const MESSAGE_LIMIT_BYTES = 5 * 1024

export function evaluateRules(tree: RuleTree, run: RuleRun): FieldError[] {
  const runner = new Runner()
  runner.visit(tree, run)
  return runner.errors
}

class Runner {
  readonly errors: FieldError[] = []
  readonly #budget = new CelBudget()
  #stopped = false

  visit(tree: RuleTree, run: RuleRun): void {
    const { value, old, path } = run
    if (this.#stopped || value === null || value === undefined) return
    for (const compiled of tree.rules) if (!this.#stopped) this.#run(compiled, tree, run)
    if (Array.isArray(value)) this.#visitItems(tree, value, run)
    else if (isJsonObject(value)) {
      for (const [key, inner] of Object.entries(value)) {
        const property = tree.properties.get(key)
        const next = property ?? tree.values
        if (next === undefined) continue
        const known = tree.schema['x-kubernetes-map-type'] === 'atomic' ? undefined : oldProperty(old, key)
        const place = property === undefined ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`
        this.visit(next, { ...run, value: inner, old: known, path: place })
      }
    }
  }

  #visitItems({ items, schema }: RuleTree, list: readonly unknown[], run: RuleRun): void {
    if (items === undefined) return
    for (const [index, item] of list.entries()) {
      this.visit(items, { ...run, value: item, old: oldItem(run.old, item, schema), path: `${run.path}[${index}]` })
    }
  }

  #run(compiled: CompiledRule, tree: RuleTree, run: RuleRun): void {
    const { rule, program, usesOldSelf } = compiled
    if (program === undefined) {
      this.#refuse(tree, run, `rule compile error: ${compiled.problem ?? ''}`)
      return
    }
    if (usesOldSelf && run.old === undefined && rule.optionalOldSelf !== true) return
    if (this.#budget.isSpent) {
      this.#stop(tree, run, OUT_OF_BUDGET)
      return
    }
    const outcome = program.evaluate({ self: run.value, oldSelf: run.old }, this.#budget)
    if (!outcome.ok) this.#failed(compiled, tree, { run, ...outcome })
    else if (outcome.value !== true) this.#broken(compiled, tree, run)
  }

  #failed({ rule }: CompiledRule, tree: RuleTree, failure: { run: RuleRun; message: string; costExceeded: boolean }): void {
    const { run, message, costExceeded } = failure
    const shown = shownRule(rule)
    if (this.#budget.isSpent) this.#stop(tree, run, OUT_OF_BUDGET)
    else if (costExceeded) {
      this.#stop(
        tree,
        run,
        `'${message}': no further validation rules will be run due to call cost exceeds limit for rule: ${shown}`,
      )
    } else if (message.startsWith('no such overload')) {
      const why = 'call arguments did not match a supported operator, function or macro signature for rule'
      this.#refuse(tree, run, `'${message}': ${why}: ${shown}`)
    } else this.#refuse(tree, run, `${message} evaluating rule: ${shown}`)
  }

  /** A rule that looks at nothing but what was there before is not held against who leaves that alone. */
  #broken(compiled: CompiledRule, tree: RuleTree, run: RuleRun): void {
    const { rule, usesOldSelf } = compiled
    if (!usesOldSelf && run.old !== undefined && jsonEquals(run.old, run.value)) return
    const path = rule.fieldPath ? `${run.path}${normalizedPath(rule.fieldPath)}`.replace(/^\./, '') : run.path
    const detail = this.#message(compiled, run) ?? (rule.message?.trim() || `failed rule: ${shownRule(rule)}`)
    this.errors.push(errorOf(rule, { path: path === '' ? '<nil>' : path, detail, value: shownValue(tree, run.value) }))
  }

  #message({ message }: CompiledRule, run: RuleRun): string | undefined {
    if (message === undefined) return undefined
    const outcome = message.evaluate({ self: run.value, oldSelf: run.old }, this.#budget)
    if (!outcome.ok || typeof outcome.value !== 'string') return undefined
    const text = outcome.value.trim()
    return text === '' || text.includes('\n') || Buffer.byteLength(text) > MESSAGE_LIMIT_BYTES ? undefined : text
  }

  #refuse({ schema }: RuleTree, { path }: RuleRun, detail: string): void {
    this.errors.push(invalid(path === '' ? '<nil>' : path, schema.type ?? '', detail))
  }

  #stop(tree: RuleTree, run: RuleRun, detail: string): void {
    this.#refuse(tree, run, detail)
    this.#stopped = true
  }
}

const OUT_OF_BUDGET = 'validation failed due to running out of cost budget, no further validation rules will be run'

function shownRule({ rule, message }: ValidationRule): string {
  return message ? message.trim() : rule.trim()
}

function shownValue({ schema }: RuleTree, value: unknown): { readonly badValue?: unknown } {
  return schema.type === 'object' || schema.type === 'array' ? {} : { badValue: value }
}

interface Broken {
  readonly path: string
  readonly detail: string
  readonly value: { readonly badValue?: unknown }
}

function errorOf({ reason }: ValidationRule, { path, detail, value }: Broken): FieldError {
  switch (reason) {
    case 'FieldValueForbidden':
      return forbiddenField(path, detail)
    case 'FieldValueRequired':
      return required(path, detail)
    case 'FieldValueDuplicate':
      return { ...duplicate(path, value.badValue), detail }
    default:
      return { type: 'Invalid', field: path, ...value, detail }
  }
}

/** `.spec.x`, `['a.b']` as field errors write them. */
function normalizedPath(path: string): string {
  return path.trim().replace(/\['((?:\\.|[^'\\])*)'\]/g, (_, key: string) => `[${key.replace(/\\(.)/g, '$1')}]`)
}

/** Whether a path of `fieldPath` or `selectableFields` leads to something in the schema. */
export function schemaAtPath(path: string, schema: RuleTree['schema']): RuleTree['schema'] | undefined {
  let rest = path.trim()
  let current: RuleTree['schema'] | undefined = schema
  while (rest !== '') {
    const match = /^(?:\.([A-Za-z_][\w$-]*)|\['((?:\\.|[^'\\])*)'\])/.exec(rest)
    if (match === null || current === undefined) return undefined
    const name = match[1] ?? (match[2] ?? '').replace(/\\(.)/g, '$1')
    const properties: Readonly<Record<string, RuleTree['schema']>> = current.properties ?? {}
    const { additionalProperties }: RuleTree['schema'] = current
    const inner = ownValue(properties as Record<string, unknown>, name) as RuleTree['schema'] | undefined
    current = inner ?? (typeof additionalProperties === 'object' ? additionalProperties : undefined)
    rest = rest.slice(match[0].length)
  }
  return current
}
