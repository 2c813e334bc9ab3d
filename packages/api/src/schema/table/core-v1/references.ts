/** Of core/v1: how an object names another. */
export const REFERENCE_TYPES = `
type ObjectReference atomic
 kind string 1
 namespace string 2
 name string 3
 uid string 4
 apiVersion string 5
 resourceVersion string 6
 fieldPath string 7
type LocalObjectReference atomic
 name string 1 default=""
type TypedObjectReference
 apiGroup *string 1 always
 kind string 2 required always
 name string 3 required always
 namespace *string 4
type SecretReference atomic
 name string 1
 namespace string 2
type TypedLocalObjectReference atomic
 apiGroup *string 1 always
 kind string 2 required always
 name string 3 required always
`
