import type { PodTemplateSpec } from '@skiff/api'
import type { TableCell } from '../../registry/resource-definition.ts'
import { containerImages, containerNames } from '../cells.ts'
import { wideColumn } from '../columns.ts'

/** What `-o wide` adds for every kind with a pod template; kinds with a selector add it as well. */
export const TEMPLATE_COLUMNS = [
  wideColumn('Containers', 'Names of the containers of the template.'),
  wideColumn('Images', 'Images of the containers of the template.'),
]

export const SELECTOR_COLUMN = wideColumn('Selector', 'Labels by which it finds its pods.')

export function templateCells(template: PodTemplateSpec | undefined): TableCell[] {
  return [containerNames(template?.spec?.containers), containerImages(template?.spec?.containers)]
}
