import { type APIService, SERVICES, type Service } from '@skiff/api'
import type { ObjectReader } from '../registry/resource-definition.ts'
import { servicePods } from '../streaming/proxy/proxy-target.ts'
import type { Verdict } from './available-condition.ts'

/** Why an extension server can't be asked at all; undefined: it can. In upstream's words. */
export function checkService({ spec }: APIService, objects: ObjectReader): Verdict | undefined {
  const { namespace = '', name = '', port = 443 } = spec.service ?? {}
  const missing = (reason: string, message: string): Verdict => ({ available: false, reason, message })
  const service = objects.get<Service>(SERVICES, { namespace, name })
  if (service === undefined) return missing('ServiceNotFound', `service/${name} in "${namespace}" is not present`)
  if (!(service.spec.ports ?? []).some((each) => each.port === port)) {
    return missing('ServicePortError', `service/${name} in "${namespace}" is not listening on port ${port}`)
  }
  if (servicePods(objects, { namespace, name, port: String(port) }).length > 0) return undefined
  const portName = (service.spec.ports ?? []).find((each) => each.port === port)?.name ?? ''
  const what = `endpoints for service/${name} in "${namespace}" have no addresses with port name "${portName}"`
  return missing('MissingEndpoints', what)
}
