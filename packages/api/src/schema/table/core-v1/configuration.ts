/** Of core/v1: what pods are given (ConfigMaps, Secrets, ServiceAccounts). */
export const CONFIGURATION_TYPES = `
kind ConfigMap
 metadata meta.ObjectMeta 1 always
 immutable *bool 4
 data map[string]string 2
 binaryData map[string]bytes 3
kind ConfigMapList
 metadata meta.ListMeta 1 always
 items []ConfigMap 2 required always
kind Secret
 metadata meta.ObjectMeta 1 always
 immutable *bool 5
 data map[string]bytes 2
 stringData map[string]string 4
 type string 3
kind SecretList
 metadata meta.ListMeta 1 always
 items []Secret 2 required always
kind ServiceAccount
 metadata meta.ObjectMeta 1 always
 secrets []ObjectReference 2 patch=merge key=name list=map(name)
 imagePullSecrets []LocalObjectReference 3 list=atomic
 automountServiceAccountToken *bool 4
kind ServiceAccountList
 metadata meta.ListMeta 1 always
 items []ServiceAccount 2 required always
`
