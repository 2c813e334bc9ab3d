import { Environment } from '@marcbachmann/cel-js'
import { type Evaluator, revealEvaluator } from './evaluator.ts'
import { registerComprehensions } from './functions/comprehensions.ts'
import { registerFormats } from './functions/formats.ts'
import { registerLists } from './functions/lists.ts'
import { registerNetwork } from './functions/network.ts'
import { registerQuantities } from './functions/quantities.ts'
import { registerSemver } from './functions/semver.ts'
import { registerSets } from './functions/sets.ts'
import { registerStrings } from './functions/strings.ts'
import { registerTimes } from './functions/times.ts'
import { registerUrls } from './functions/urls.ts'

interface Base {
  readonly environment: Environment
  /** Says who is told of an evaluator that is revealed next. */
  readonly reveal: (seen: (evaluator: Evaluator) => void) => void
}

/** A memo of what never changes: setting it up takes milliseconds, and every expression starts from a clone of it. */
let base: Base | undefined

/** CEL as Kubernetes has it: the language with optional types, and the extension libraries. */
export function baseEnvironment(): Base {
  base ??= createBase()
  return base
}

const LIMITS = { maxAstNodes: 20_000, maxDepth: 200 }

function createBase(): Base {
  const environment = new Environment({ enableOptionalTypes: true, homogeneousAggregateLiterals: false, limits: LIMITS })
  let told: (evaluator: Evaluator) => void = () => undefined
  revealEvaluator(environment, (evaluator) => told(evaluator))
  for (const register of LIBRARIES) register(environment)
  return {
    environment,
    reveal: (seen) => {
      told = seen
    },
  }
}

const LIBRARIES = [
  registerStrings,
  registerLists,
  registerSets,
  registerComprehensions,
  registerTimes,
  registerUrls,
  registerQuantities,
  registerNetwork,
  registerSemver,
  registerFormats,
]
