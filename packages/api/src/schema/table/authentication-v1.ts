/** The types of authentication.k8s.io/v1, a line a field: see parse-table.ts for the format. */
export const AUTHENTICATION_V1 = `
kind TokenReview
 metadata meta.ObjectMeta 1 always
 spec TokenReviewSpec 2 required always
 status TokenReviewStatus 3 always
type TokenReviewSpec
 token string 1 required
 audiences []string 2 list=atomic
type TokenReviewStatus
 authenticated bool 1
 user UserInfo 2 always
 audiences []string 4 list=atomic
 error string 3
type UserInfo
 username string 1
 uid string 2
 groups []string 3 list=atomic
 extra map[string]wrapped[]string 4
kind TokenRequest
 metadata meta.ObjectMeta 1 always
 spec TokenRequestSpec 2 always
 status TokenRequestStatus 3 always
type TokenRequestSpec
 audiences []string 1 always list=atomic
 expirationSeconds *int64 4 always
 boundObjectRef *BoundObjectReference 3 always
type TokenRequestStatus
 token string 1 always
 expirationTimestamp Time 2 always
type BoundObjectReference
 kind string 1
 apiVersion string 2
 name string 3
 uid string 4
kind SelfSubjectReview
 metadata meta.ObjectMeta 1 always
 status SelfSubjectReviewStatus 2 always
type SelfSubjectReviewStatus
 userInfo UserInfo 1 always
`
