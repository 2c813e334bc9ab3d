import {
  CONFIG_MAPS,
  DEPLOYMENTS,
  type Deployment,
  MUTATING_ADMISSION_POLICIES,
  MUTATING_ADMISSION_POLICY_BINDINGS,
  NAMESPACES,
  VALIDATING_ADMISSION_POLICIES,
  VALIDATING_ADMISSION_POLICY_BINDINGS,
  type ValidatingAdmissionPolicy,
} from '@skiff/api'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { startTestApiServer, type TestApiServer } from '../../testing.ts'
import { fullAdmission } from '../testing/full-admission.ts'

let api: TestApiServer

beforeEach(async () => {
  api = await startTestApiServer({ admission: fullAdmission() })
})

afterEach(() => api.close())

const RULE = { operations: ['CREATE', 'UPDATE'], apiGroups: ['apps'], apiVersions: ['v1'], resources: ['deployments'] }

describe('a ValidatingAdmissionPolicy', () => {
  test('refuses what breaks an expression, and says which', async () => {
    await enforce({ validations: [{ expression: 'object.spec.replicas > 1' }] })

    const refused = createDeployment('one', 1)

    await expect(refused).rejects.toMatchObject({
      code: 422,
      reason: 'Invalid',
      message: `deployments.apps "one" is forbidden: ValidatingAdmissionPolicy 'policy' with binding 'binding' denied request: failed expression: object.spec.replicas > 1`,
      details: {
        name: 'one',
        group: 'apps',
        kind: 'deployments',
        causes: [{ message: expect.stringMatching(/^ValidatingAdmissionPolicy 'policy'/) }],
      },
    })
    await createDeployment('two', 2)
    await expect(
      api.client.patch(DEPLOYMENTS, inDefault('two'), { type: 'merge', body: { spec: { replicas: 1 } } }),
    ).rejects.toMatchObject({ code: 422 })
  })

  test.each([
    [{ message: 'too few' }, 'too few', 422],
    [{ message: 'too few', messageExpression: '"only " + string(object.spec.replicas)' }, 'only 1', 422],
    [{ messageExpression: '"wants more, got " + object.spec.replicas' }, 'failed expression: object.spec.replicas > 1', 422],
    [{ message: 'not you', reason: 'Forbidden' }, 'not you', 403],
  ])('speaks as it is told: %j', async (words, message, code) => {
    await enforce({ validations: [{ expression: 'object.spec.replicas > 1', ...words }] })

    await expect(createDeployment('one', 1)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(new RegExp(`denied request: ${message}$`)),
    })
  })

  test('is in force only where a binding puts it, and for what it matches', async () => {
    await createPolicy({ validations: [{ expression: 'false' }] })
    await createDeployment('unbound', 1)
    await bind({ matchResources: { namespaceSelector: { matchLabels: { strict: 'yes' } } } })
    await api.client.create(NAMESPACES, { metadata: { name: 'strict', labels: { strict: 'yes' } } } as object)

    await createDeployment('elsewhere', 1)
    await api.client.create(CONFIG_MAPS, { metadata: { name: 'other-kind', namespace: 'strict' } })

    await expect(createDeployment('there', 1, 'strict')).rejects.toMatchObject({ code: 422 })
  })

  test('can warn, or only take note, instead', async () => {
    await enforce({ validations: [{ expression: 'false', message: 'no' }] }, { validationActions: ['Warn', 'Audit'] })

    const path = '/apis/apps/v1/namespaces/default/deployments'
    const { headers } = await api.client.request('POST', path, { body: deployment('d', 1, 'default') })

    expect(headers.warning).toBe(`299 - "Validation failed for ValidatingAdmissionPolicy 'policy' with binding 'binding': no"`)
  })

  test('has variables, each computed from those before it', async () => {
    await enforce({
      variables: [
        { name: 'replicas', expression: 'object.spec.replicas' },
        { name: 'isOdd', expression: 'variables.replicas % 2 == 1' },
      ],
      validations: [
        { expression: 'variables.replicas > 1' },
        { expression: 'variables.isOdd', messageExpression: '"even: " + string(variables.replicas)' },
      ],
    })

    await createDeployment('three', 3)

    await expect(createDeployment('two', 2)).rejects.toMatchObject({ message: expect.stringMatching(/even: 2$/) })
    await expect(createDeployment('one', 1)).rejects.toMatchObject({ message: expect.stringMatching(/variables\.replicas > 1$/) })
  })

  test('takes parameters, one or as many as are selected', async () => {
    const paramKind = { apiVersion: 'v1', kind: 'ConfigMap' }
    await createPolicy({ paramKind, validations: [{ expression: 'object.spec.replicas <= int(params.data.max)' }] })
    await createParams('low', '2')
    await createParams('high', '9')
    await bind({ paramRef: { name: 'high', namespace: 'default', parameterNotFoundAction: 'Deny' } })
    await createDeployment('five', 5)

    await bind({ paramRef: { selector: { matchLabels: { limit: 'yes' } }, parameterNotFoundAction: 'Deny' } }, 'by-label')
    await expect(createDeployment('six', 6)).rejects.toMatchObject({
      message: expect.stringContaining("with binding 'by-label'"),
    })
    await createDeployment('two', 2)
  })

  test('whose parameters are missing denies or allows, as its binding says', async () => {
    const paramKind = { apiVersion: 'v1', kind: 'ConfigMap' }
    await createPolicy({ paramKind, validations: [{ expression: 'params.data.allowed == "yes"' }] })
    await bind({ paramRef: { name: 'none', parameterNotFoundAction: 'Allow' } })
    await createDeployment('allowed', 1)
    await bind({ paramRef: { name: 'none', parameterNotFoundAction: 'Deny' } }, 'strict')

    await expect(createDeployment('denied', 1)).rejects.toMatchObject({
      message: expect.stringContaining(
        "with binding 'strict' denied request: failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction",
      ),
    })
  })

  test('knows the namespace, who asks, and what they may', async () => {
    await api.client.create(NAMESPACES, { metadata: { name: 'team', labels: { owner: 'admin' } } } as object)
    await enforce({
      matchConditions: [{ name: 'not-system', expression: '!request.userInfo.username.startsWith("system:")' }],
      validations: [
        { expression: 'namespaceObject.metadata.labels.owner == request.userInfo.username' },
        { expression: 'authorizer.group("apps").resource("deployments").namespace(request.namespace).check("create").allowed()' },
        { expression: 'oldObject == null && request.operation == "CREATE"' },
      ],
    })

    await createDeployment('d', 1, 'team')

    await expect(createDeployment('d', 1)).rejects.toMatchObject({ message: expect.stringContaining('no such key: owner') })
  })

  test('that can not be evaluated denies, or is left out by its failure policy', async () => {
    await enforce({ validations: [{ expression: 'object.spec.missing == 1' }] })
    await expect(createDeployment('d', 1)).rejects.toMatchObject({
      message: expect.stringMatching(
        /denied request: expression 'object.spec.missing == 1' resulted in error: no such key: missing$/,
      ),
    })

    const body = { spec: { failurePolicy: 'Ignore' } }
    await api.client.patch(VALIDATING_ADMISSION_POLICIES, { name: 'policy' }, { type: 'merge', body })
    await createDeployment('d', 1)
  })

  test('is refused when an expression makes no sense', async () => {
    const broken = createPolicy({ validations: [{ expression: 'object.spec.replicas >' }] })
    await expect(broken).rejects.toMatchObject({
      code: 422,
      message: expect.stringMatching(/spec\.validations\[0\]\.expression.*compilation failed/s),
    })

    const unknown = createPolicy({ validations: [{ expression: 'nothing.here' }], variables: [{ name: 'a', expression: 'b' }] })
    await expect(unknown).rejects.toMatchObject({ message: expect.stringMatching(/undeclared reference to 'nothing'/) })
  })

  test('says in its status which expressions do not fit the kinds that it names', async () => {
    await createPolicy({
      validations: [
        { expression: "object.spec.replicas > '1'", messageExpression: "'wants more, got ' + object.spec.replicas" },
        { expression: 'object.spec.replicas > 1' },
      ],
    })

    const { status } = await vi.waitFor(
      async () => {
        const policy = await api.client.get<ValidatingAdmissionPolicy>(VALIDATING_ADMISSION_POLICIES, { name: 'policy' })
        expect(policy.status?.observedGeneration).toBe(1)
        return policy
      },
      { timeout: 30_000 },
    )

    expect(status?.typeChecking?.expressionWarnings).toEqual([
      {
        fieldRef: 'spec.validations[0].expression',
        warning: expect.stringContaining("found no matching overload for '_>_' applied to '(int, string)'"),
      },
      {
        fieldRef: 'spec.validations[0].messageExpression',
        warning: expect.stringContaining("found no matching overload for '_+_' applied to '(string, int)'"),
      },
    ])
  })
})

describe('a MutatingAdmissionPolicy', () => {
  test('applies a configuration to the object, lists merged by their keys', async () => {
    await mutate({
      variables: [{ name: 'name', expression: '"side-" + object.metadata.name' }],
      mutations: [
        {
          patchType: 'ApplyConfiguration',
          applyConfiguration: {
            expression: `Object{
              metadata: Object.metadata{annotations: {"by": "policy {not a brace}"}},
              spec: Object.spec{
                replicas: object.spec.replicas + 1,
                template: Object.spec.template{spec: Object.spec.template.spec{
                  containers: [Object.spec.template.spec.containers{name: variables.name, image: "proxy"}]
                }}
              }
            }`,
          },
        },
      ],
    })

    const { metadata, spec } = await createDeployment('d', 1)

    expect(metadata.annotations).toEqual({ by: 'policy {not a brace}' })
    expect(spec.replicas).toBe(2)
    expect(spec.template.spec?.containers.map(({ name, image }) => [name, image])).toEqual([
      ['c', 'x'],
      ['side-d', 'proxy'],
    ])
    expect(spec.template.spec?.containers[1]).toMatchObject({ imagePullPolicy: 'Always' })
  })

  test('patches the object, for those that its conditions let through', async () => {
    await mutate({
      matchConditions: [{ name: 'small', expression: 'object.spec.replicas < 3' }],
      mutations: [
        {
          patchType: 'JSONPatch',
          jsonPatch: {
            expression:
              '[JSONPatch{op: "add", path: "/metadata/annotations", value: {}}, JSONPatch{op: "add", path: "/metadata/annotations/" + jsonpatch.escapeKey("example.com/by"), value: "policy"}]',
          },
        },
      ],
    })

    const [small, large] = [await createDeployment('small', 1), await createDeployment('large', 3)]

    expect([small.metadata.annotations, large.metadata.annotations]).toEqual([{ 'example.com/by': 'policy' }, undefined])
  })

  test('that fails denies, or is left out by its failure policy', async () => {
    const mutations = [{ patchType: 'JSONPatch', jsonPatch: { expression: '[JSONPatch{op: "remove", path: "/spec/nothing"}]' } }]
    await mutate({ mutations })
    await expect(createDeployment('d', 1)).rejects.toMatchObject({
      code: 422,
      message: expect.stringContaining("policy 'policy' with binding 'binding' denied request: "),
    })

    const body = { spec: { failurePolicy: 'Ignore' } }
    await api.client.patch(MUTATING_ADMISSION_POLICIES, { name: 'policy' }, { type: 'merge', body })
    await expect(createDeployment('d', 1)).resolves.toBeDefined()
  })
})

async function mutate(spec: object): Promise<void> {
  const matchConstraints = { resourceRules: [RULE] }
  await api.client.create(MUTATING_ADMISSION_POLICIES, {
    metadata: { name: 'policy' },
    spec: { matchConstraints, ...spec },
  } as object)
  const binding = { metadata: { name: 'binding' }, spec: { policyName: 'policy' } }
  await api.client.create(MUTATING_ADMISSION_POLICY_BINDINGS, binding as object)
}

const inDefault = (name: string) => ({ name, namespace: 'default' })

async function enforce(spec: object, binding: object = {}): Promise<void> {
  await createPolicy(spec)
  await bind(binding)
}

async function createPolicy(spec: object): Promise<void> {
  await api.client.create(VALIDATING_ADMISSION_POLICIES, {
    metadata: { name: 'policy' },
    spec: { matchConstraints: { resourceRules: [RULE] }, ...spec },
  } as object)
}

async function bind(spec: object, name = 'binding'): Promise<void> {
  const binding = { metadata: { name }, spec: { policyName: 'policy', validationActions: ['Deny'], ...spec } }
  await api.client.create(VALIDATING_ADMISSION_POLICY_BINDINGS, binding as object)
}

async function createParams(name: string, max: string): Promise<void> {
  await api.client.create(CONFIG_MAPS, { metadata: { ...inDefault(name), labels: { limit: 'yes' } }, data: { max } } as object)
}

function deployment(name: string, replicas: number, namespace: string): object {
  const labels = { app: name }
  const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'x' }] } }
  return { metadata: { name, namespace }, spec: { replicas, selector: { matchLabels: labels }, template } }
}

async function createDeployment(name: string, replicas: number, namespace = 'default'): Promise<Deployment> {
  return await api.client.create<Deployment>(DEPLOYMENTS, deployment(name, replicas, namespace))
}
