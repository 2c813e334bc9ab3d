import { isConflict, isNotFound, SECRETS, SERVICE_ACCOUNTS, type Secret, type ServiceAccount } from '@skiff/api'
import type { ControllerContext } from '../shared/context.ts'
import { unlessGone } from '../shared/errors.ts'
import { runReconciler } from '../shared/reconcile.ts'
import { ACCOUNT_NAME, ACCOUNT_UID, base64, planTokenSecret, type TokenSecretFill } from './plan.ts'

/** As good as for ever: the token ends with its Secret or its account. */
const LIFETIME_SECONDS = 2 ** 32
const BY_ACCOUNT = 'account'

/** Fills the Secrets in which somebody asks for a token of a ServiceAccount, and deletes them with the account. */
export async function runServiceAccountTokenController(context: ControllerContext, caCertificate: string): Promise<void> {
  const { client, informers } = context
  const { tokenSecrets, serviceAccounts } = informers

  async function reconcile(key: string): Promise<void> {
    const secret = tokenSecrets.get(key)
    if (secret === undefined) return
    const plan = planTokenSecret(secret, await accountOf(secret), caCertificate)
    const { name, namespace = '', uid } = secret.metadata
    switch (plan.type) {
      case 'nothing':
        return
      case 'delete':
        await unlessGone(client.delete(SECRETS, { name, namespace }, { uid }))
        return
      case 'fill':
        return await fill(secret, plan)
    }
  }

  /** The informer may be behind: a Secret is often made right after its account. */
  async function accountOf({ metadata }: Secret): Promise<ServiceAccount | undefined> {
    const name = metadata.annotations?.[ACCOUNT_NAME] ?? ''
    const { namespace = '' } = metadata
    const known = serviceAccounts.get(`${namespace}/${name}`)
    const uid = metadata.annotations?.[ACCOUNT_UID]
    if (known !== undefined && (uid === undefined || uid === known.metadata.uid)) return known
    return await unlessGone(client.get<ServiceAccount>(SERVICE_ACCOUNTS, { namespace, name }))
  }

  async function fill(secret: Secret, { account, needsToken, data }: TokenSecretFill): Promise<void> {
    const { name, uid } = account.metadata
    try {
      const token = needsToken ? { token: base64(await requestToken(secret, name)) } : {}
      const metadata = { ...secret.metadata, annotations: { ...secret.metadata.annotations, [ACCOUNT_UID]: uid } }
      await client.update(SECRETS, { ...secret, metadata, data: { ...secret.data, ...data, ...token } })
    } catch (error) {
      // Another writer was first, or it is gone: the change wakes us again.
      if (!isConflict(error) && !isNotFound(error)) throw error
    }
  }

  async function requestToken({ metadata: { name, namespace = '', uid } }: Secret, account: string): Promise<string> {
    const boundObjectRef = { apiVersion: 'v1', kind: 'Secret', name, uid }
    const { status } = await client.create<{ status: { token: string } }>(
      SERVICE_ACCOUNTS,
      {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec: { expirationSeconds: LIFETIME_SECONDS, boundObjectRef },
      },
      { namespace, name: account, subresource: 'token' },
    )
    return status.token
  }

  await runReconciler(context, {
    name: 'service-account-tokens',
    reads: [tokenSecrets, serviceAccounts],
    watch: (queue) => {
      tokenSecrets.onChange(({ key }) => queue.add(key))
      serviceAccounts.onChange(({ key }) => {
        for (const { metadata } of tokenSecrets.byIndex(BY_ACCOUNT, key)) queue.add(`${metadata.namespace}/${metadata.name}`)
      })
    },
    reconcile,
  })
}
