/** The types of coordination.k8s.io/v1, a line a field: see parse-table.ts for the format. */
export const COORDINATION_V1 = `
kind Lease
 metadata meta.ObjectMeta 1 always
 spec LeaseSpec 2 always
type LeaseSpec
 holderIdentity *string 1
 leaseDurationSeconds *int32 2
 acquireTime *MicroTime 3
 renewTime *MicroTime 4
 leaseTransitions *int32 5
 strategy *string 6
 preferredHolder *string 7
kind LeaseList
 metadata meta.ListMeta 1 always
 items []Lease 2 required always
`
