/** The rules of a schema: that they compile, that their old self can be told, and that they could be afforded. */

import { type FieldError, type FieldPath, forbiddenField, invalid } from '@skiff/api'
import { compileRule } from '../../custom-resources/rules/compile-rules.ts'
import { type Cardinality, cardinalityBelow, estimatedCost } from '../../custom-resources/rules/estimate-cost.ts'
import { additionalOf, type JsonSchema } from '../../custom-resources/schema/json-schema.ts'

/** What upstream lets a rule cost by estimate. */
const COST_LIMIT = 10_000_000
/** Our estimate is rough: only what is beyond doubt is refused. */
const DOUBT = 10

interface Place {
  readonly cardinality: Cardinality
  readonly isRoot: boolean
  /** The part of the schema whose values can't be followed from one revision to the next. */
  readonly uncorrelated?: FieldPath
}

export function validateRules(schema: JsonSchema, field: FieldPath): FieldError[] {
  return visit(schema, field, { cardinality: 1, isRoot: true })
}

function visit(schema: JsonSchema, field: FieldPath, place: Place): FieldError[] {
  const inner = { ...place, isRoot: false }
  const lost = place.uncorrelated === undefined ? { uncorrelated: field } : {}
  const inItems = {
    ...inner,
    cardinality: cardinalityBelow(place.cardinality, schema.maxItems),
    ...(schema['x-kubernetes-list-type'] === 'map' ? {} : lost),
  }
  const inMap = { ...inner, cardinality: cardinalityBelow(place.cardinality, schema.maxProperties) }
  const inProperties = { ...inner, ...(schema['x-kubernetes-map-type'] === 'atomic' ? lost : {}) }
  const additional = additionalOf(schema)
  return [
    ...ownRules(schema, field, place),
    ...Object.entries(schema.properties ?? {}).flatMap(([name, property]) =>
      visit(property, field.child('properties').key(name), inProperties),
    ),
    ...(additional === undefined ? [] : visit(additional, field.child('additionalProperties'), inMap)),
    ...(schema.items === undefined ? [] : visit(schema.items, field.child('items'), inItems)),
  ]
}

function ownRules(schema: JsonSchema, field: FieldPath, place: Place): FieldError[] {
  return (schema['x-kubernetes-validations'] ?? []).flatMap((rule, index) => {
    const at = field.child('x-kubernetes-validations').index(index)
    const compiled = compileRule(rule, schema, place.isRoot)
    const errors: FieldError[] = []
    for (const [name, program] of [
      ['rule', compiled.program],
      ['messageExpression', compiled.message],
    ] as const) {
      const cost = program === undefined ? 0 : estimatedCost(program.root, schema, place.cardinality)
      if (cost > COST_LIMIT * DOUBT) errors.push(forbiddenField(at.child(name), tooExpensive(name, cost)))
    }
    if (compiled.problem !== undefined) errors.push(invalid(at.child('rule'), rule, compiled.problem))
    if (compiled.messageProblem !== undefined) errors.push(invalid(at.child('messageExpression'), rule, compiled.messageProblem))
    if (compiled.usesOldSelf && place.uncorrelated !== undefined) {
      const why = `oldSelf cannot be used on the uncorrelatable portion of the schema within ${place.uncorrelated}`
      errors.push(invalid(at.child('rule'), rule.rule, why))
    }
    if (!compiled.usesOldSelf && compiled.program !== undefined && rule.optionalOldSelf !== undefined) {
      errors.push(invalid(at.child('optionalOldSelf'), rule.optionalOldSelf, 'may not be set if oldSelf is not used in rule'))
    }
    return errors
  })
}

function tooExpensive(name: 'rule' | 'messageExpression', cost: number): string {
  const factor = cost / COST_LIMIT
  const times = factor > 100 ? 'more than 100x' : `${factor.toFixed(1)}x`
  const cure =
    'try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared'
  return `estimated ${name} cost exceeds budget by factor of ${times} (${cure})`
}
