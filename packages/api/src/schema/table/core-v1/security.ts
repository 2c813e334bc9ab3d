/** Of core/v1: what pods and containers may do on their host. */
export const SECURITY_TYPES = `
type PodSecurityContext
 seLinuxOptions *SELinuxOptions 1
 windowsOptions *WindowsSecurityContextOptions 8
 runAsUser *int64 2
 runAsGroup *int64 6
 runAsNonRoot *bool 3
 supplementalGroups []int64 4 list=atomic
 supplementalGroupsPolicy *string 12
 fsGroup *int64 5
 sysctls []Sysctl 7 list=atomic
 fsGroupChangePolicy *string 9
 seccompProfile *SeccompProfile 10
 appArmorProfile *AppArmorProfile 11
 seLinuxChangePolicy *string 13
type SELinuxOptions
 user string 1
 role string 2
 type string 3
 level string 4
type WindowsSecurityContextOptions
 gmsaCredentialSpecName *string 1
 gmsaCredentialSpec *string 2
 runAsUserName *string 3
 hostProcess *bool 4
type Sysctl
 name string 1 required always
 value string 2 required always
type SeccompProfile
 type string 1 required always
 localhostProfile *string 2
type AppArmorProfile
 type string 1 required always
 localhostProfile *string 2
type SecurityContext
 capabilities *Capabilities 1
 privileged *bool 2
 seLinuxOptions *SELinuxOptions 3
 windowsOptions *WindowsSecurityContextOptions 10
 runAsUser *int64 4
 runAsGroup *int64 8
 runAsNonRoot *bool 5
 readOnlyRootFilesystem *bool 6
 allowPrivilegeEscalation *bool 7
 procMount *string 9
 seccompProfile *SeccompProfile 11
 appArmorProfile *AppArmorProfile 12
type Capabilities
 add []string 1 list=atomic
 drop []string 2 list=atomic
`
