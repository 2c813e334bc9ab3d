import { type ClusterRole, labelSelectorMatches, type PolicyRule } from '@skiff/api'

/** The rules that an aggregated role should have: those of the roles that it selects, by name, each rule once. */
export function aggregatedRules(role: ClusterRole, roles: readonly ClusterRole[]): PolicyRule[] {
  const selectors = role.aggregationRule?.clusterRoleSelectors ?? []
  const selected = roles
    .filter(({ metadata }) => metadata.name !== role.metadata.name)
    .filter(({ metadata }) => selectors.some((selector) => labelSelectorMatches(selector, metadata.labels ?? {})))
    .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
  const rules = selected.flatMap((each) => each.rules ?? [])
  return [...new Map(rules.map((rule) => [JSON.stringify(rule), rule])).values()]
}
