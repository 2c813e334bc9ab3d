/** Of every end-to-end test that fails: what the processes of its cluster have said last. */
import { afterEach } from 'vitest'
import { lastWordsOfClusters } from './cluster.ts'

afterEach(({ task }) => {
  if (task.result?.state === 'fail') process.stderr.write(lastWordsOfClusters())
})
