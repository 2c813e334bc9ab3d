import {
  type Container,
  duplicate,
  type FieldError,
  type FieldPath,
  invalidEach,
  portNameProblems,
  portNumberProblems,
  required,
} from '@skiff/api'
import { validateChoice } from '../validate-choice.ts'

type ContainerPort = NonNullable<Container['ports']>[number]
const PROTOCOLS = ['SCTP', 'TCP', 'UDP']

export function validateContainerPorts(ports: readonly ContainerPort[], field: FieldPath): FieldError[] {
  const names = new Set<string>()
  return ports.flatMap((port, index) => {
    const at = field.index(index)
    return [
      ...validateName(port.name, names, at.child('name')),
      ...validateNumber(port.containerPort, at.child('containerPort')),
      ...(port.hostPort ? invalidEach(at.child('hostPort'), port.hostPort, portNumberProblems(port.hostPort)) : []),
      ...validateChoice(port.protocol, PROTOCOLS, at.child('protocol')),
    ]
  })
}

/** Two containers of a pod cannot have the same port of the host. */
export function validateHostPortConflicts(containers: readonly Container[], field: FieldPath): FieldError[] {
  const taken = new Set<string>()
  return containers.flatMap(({ ports = [] }, index) =>
    ports.flatMap(({ hostPort, hostIP = '', protocol }, at) => {
      if (!hostPort) return []
      const claim = `${protocol}/${hostIP}/${hostPort}`
      if (taken.has(claim)) return [duplicate(field.index(index).child('ports').index(at).child('hostPort'), claim)]
      taken.add(claim)
      return []
    }),
  )
}

export function validatePortNumberOrName(port: number | string, field: FieldPath): FieldError[] {
  return invalidEach(field, port, typeof port === 'number' ? portNumberProblems(port) : portNameProblems(port))
}

function validateName(name: string | undefined, names: Set<string>, field: FieldPath): FieldError[] {
  if (!name) return []
  const problems = portNameProblems(name)
  if (problems.length > 0) return invalidEach(field, name, problems)
  if (names.has(name)) return [duplicate(field, name)]
  names.add(name)
  return []
}

function validateNumber(port: number | undefined, field: FieldPath): FieldError[] {
  return port ? invalidEach(field, port, portNumberProblems(port)) : [required(field)]
}
