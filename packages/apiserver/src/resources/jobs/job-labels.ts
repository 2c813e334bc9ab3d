/** How a job's pods are labelled. */
export const JOB_LABELS = {
  name: 'batch.kubernetes.io/job-name',
  uid: 'batch.kubernetes.io/controller-uid',
  legacyName: 'job-name',
  legacyUid: 'controller-uid',
} as const
