import type { PolicyRule } from '@skiff/api'

/** `create,patch core,events.k8s.io events [name]`: verbs, groups, resources, and the names that it is about. */
export function ruleOfLine(line: string): PolicyRule {
  const [verbs = '', groups = '', resources = '', names] = line.split(' ')
  return {
    verbs: verbs.split(','),
    apiGroups: groups.split(',').map((group) => (group === 'core' ? '' : group)),
    resources: resources.split(','),
    ...(names === undefined ? {} : { resourceNames: names.split(',') }),
  }
}

export const READ = 'get,list,watch'
export const EVENTS_LINE = 'create,patch,update core,events.k8s.io events'
