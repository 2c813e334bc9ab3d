import { POD_TEMPLATES, type PodTemplate, path } from '@skiff/api'
import type { ResourceDefinition } from '../../registry/resource-definition.ts'
import { containerImages, containerNames, labelsCell } from '../cells.ts'
import { NAME_COLUMN, textColumn } from '../columns.ts'
import { defaultPodSpec } from '../pods/default-pod-spec.ts'
import { validatePodTemplate } from '../pods/validate-pod-template.ts'
import { templateWarnings } from '../warnings/workload-warnings.ts'

export const podTemplateResource: ResourceDefinition = {
  info: POD_TEMPLATES,
  deleteReturnsObject: true,
  strategy: {
    countsGenerations: true,
    default({ template }: PodTemplate) {
      if (template?.spec) defaultPodSpec(template.spec)
    },
    validate: ({ template }: PodTemplate) => validatePodTemplate(template ?? {}, path('template')),
    warnings: templateWarnings(path('template'), ({ template }: PodTemplate) => template),
  },
  columns: {
    columns: [
      NAME_COLUMN,
      textColumn('Containers', 'Names of the containers.'),
      textColumn('Images', 'Images of the containers.'),
      textColumn('Pod Labels', 'Labels that its pods get.'),
    ],
    cells: ({ metadata, template }: PodTemplate) => [
      metadata.name,
      containerNames(template?.spec?.containers),
      containerImages(template?.spec?.containers),
      labelsCell(template?.metadata?.labels),
    ],
  },
}
