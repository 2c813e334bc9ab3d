/** The types of certificates.k8s.io/v1, a line a field: see parse-table.ts for the format. */
export const CERTIFICATES_V1 = `
kind CertificateSigningRequest
 metadata meta.ObjectMeta 1 always
 spec CertificateSigningRequestSpec 2 required always
 status CertificateSigningRequestStatus 3 always
type CertificateSigningRequestSpec
 request bytes 1 required always
 signerName string 7 required always
 expirationSeconds *int32 8
 usages []string 5 list=atomic
 username string 2
 uid string 3
 groups []string 4 list=atomic
 extra map[string]wrapped[]string 6
type CertificateSigningRequestStatus
 conditions []CertificateSigningRequestCondition 1 list=map(type)
 certificate bytes 2
type CertificateSigningRequestCondition
 type string 1 required always
 status string 6 required always
 reason string 2
 message string 3
 lastUpdateTime Time 4 always
 lastTransitionTime Time 5 always
kind CertificateSigningRequestList
 metadata meta.ListMeta 1 always
 items []CertificateSigningRequest 2 required always
`
