import {
  dnsSubdomainProblems,
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalidEach,
  path,
  required,
  VOLUME_ATTACHMENTS,
  type VolumeAttachment,
} from '@skiff/api'
import type { ResourceDefinition } from '../../registry/resource-definition.ts'
import { objectAge } from '../cells.ts'
import { AGE_COLUMN, NAME_COLUMN, textColumn } from '../columns.ts'
import { withStatus } from '../status.ts'
import { validateImmutable } from '../validate-immutable.ts'
import { validateDriverName } from './driver-name.ts'

export const volumeAttachmentResource: ResourceDefinition = {
  info: VOLUME_ATTACHMENTS,
  subresources: ['status'],
  deleteReturnsObject: true,
  strategy: {
    ...withStatus(VOLUME_ATTACHMENTS),
    countsGenerations: false,
    validate: (attachment: VolumeAttachment) => validateAttachment(attachment),
    validateUpdate: ({ spec }: VolumeAttachment, old: VolumeAttachment) => validateImmutable(spec, old.spec, 'spec'),
  },
  columns: {
    columns: [
      NAME_COLUMN,
      textColumn('Attacher', 'The driver that attaches the volume.'),
      textColumn('PV', 'The volume.'),
      textColumn('Node', 'The node that it is attached to.'),
      { name: 'Attached', type: 'boolean', description: 'Whether it is attached by now.' },
      AGE_COLUMN,
    ],
    cells: (attachment: VolumeAttachment, now) => [
      attachment.metadata.name,
      attachment.spec.attacher,
      attachment.spec.source?.persistentVolumeName ?? '',
      attachment.spec.nodeName,
      attachment.status?.attached ?? false,
      objectAge(attachment, now),
    ],
  },
}

function validateAttachment({ spec }: VolumeAttachment): FieldError[] {
  const field = path('spec')
  const node = field.child('nodeName')
  return [
    ...validateDriverName(spec.attacher, field.child('attacher')),
    ...validateSource(spec.source ?? {}, field.child('source')),
    ...(spec.nodeName ? invalidEach(node, spec.nodeName, dnsSubdomainProblems(spec.nodeName)) : [required(node)]),
  ]
}

function validateSource(source: VolumeAttachment['spec']['source'], field: FieldPath): FieldError[] {
  const { persistentVolumeName, inlineVolumeSpec } = source
  if (persistentVolumeName !== undefined && inlineVolumeSpec !== undefined) {
    return [forbiddenField(field, 'must specify exactly one of inlineVolumeSpec and persistentVolumeName')]
  }
  if (inlineVolumeSpec !== undefined) return []
  if (persistentVolumeName === undefined)
    return [required(field, 'must specify exactly one of inlineVolumeSpec and persistentVolumeName')]
  return persistentVolumeName === ''
    ? [required(field.child('persistentVolumeName'), 'must specify non empty persistentVolumeName')]
    : []
}
