import { badRequest, type KubeObject, TOKEN_REVIEWS } from '@skiff/api'
import type { UserInfo } from '../../http/request-context.ts'
import type { VirtualResource } from '../../registry/resource-definition.ts'
import type { TokenAuthenticator } from '../tokens/token-authenticator.ts'
import { authenticated } from '../users.ts'
import { SELF_SUBJECT_REVIEWS } from './review-kinds.ts'

/** "Who am I" and "whose token is this": authentication.k8s.io/v1. */
export function authenticationReviews(tokens: TokenAuthenticator): readonly VirtualResource[] {
  return [
    { info: SELF_SUBJECT_REVIEWS, create: whoIs },
    // What kubectl 1.27 asks for.
    { info: { ...SELF_SUBJECT_REVIEWS, version: 'v1beta1' }, create: whoIs, isUnlisted: true },
    {
      info: TOKEN_REVIEWS,
      create: async (object) => ({ ...object, status: await tokenStatus(object, tokens) }),
    },
  ]
}

const whoIs: NonNullable<VirtualResource['create']> = async (object, { user }) => ({
  ...object,
  status: { userInfo: userInfo(user) },
})

async function tokenStatus(object: KubeObject, tokens: TokenAuthenticator): Promise<object> {
  const { token = '', audiences = [] } = (object.spec ?? {}) as { token?: string; audiences?: readonly string[] }
  if (token === '') throw badRequest('token is required for TokenReview in authentication')
  const answer = await tokens.authenticate(token, audiences.length === 0 ? [tokens.ownAudience] : audiences)
  if (answer === undefined) return { user: {}, error: 'invalid bearer token' }
  return { authenticated: true, user: userInfo(authenticated(answer.user)), audiences: answer.audiences }
}

function userInfo({ name, uid, groups, extra }: UserInfo): object {
  return {
    username: name,
    ...(uid === undefined ? {} : { uid }),
    groups,
    ...(extra === undefined ? {} : { extra }),
  }
}
