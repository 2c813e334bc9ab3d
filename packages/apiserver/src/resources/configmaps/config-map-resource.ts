import { CONFIG_MAPS, type ConfigMap } from '@skiff/api'
import type { ResourceDefinition } from '../../registry/resource-definition.ts'
import { objectAge } from '../cells.ts'
import { AGE_COLUMN, NAME_COLUMN, textColumn } from '../columns.ts'
import { validateConfigMap, validateConfigMapUpdate } from './validate-config-map.ts'

export const configMapResource: ResourceDefinition = {
  info: CONFIG_MAPS,
  strategy: {
    validate: (configMap: ConfigMap) => validateConfigMap(configMap),
    validateUpdate: (configMap: ConfigMap, old: ConfigMap) => validateConfigMapUpdate(configMap, old),
  },
  columns: {
    columns: [NAME_COLUMN, textColumn('Data', 'Number of keys in data and binaryData.'), AGE_COLUMN],
    cells: (configMap: ConfigMap, now) => [configMap.metadata.name, keyCount(configMap), objectAge(configMap, now)],
  },
}

function keyCount({ data = {}, binaryData = {} }: ConfigMap): number {
  return Object.keys(data).length + Object.keys(binaryData).length
}
