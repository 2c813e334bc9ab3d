/** Recorded kubectl commands, and what of their answers can't be the same twice. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface RecordedCommand {
  readonly n: number
  readonly command: string
  readonly stdin?: string
  readonly rc: number
  readonly stdout: string
  readonly stderr: string
}

export interface Answer {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Of kubectl `version`: 1.27 or 1.33. */
export function recordedCommands(version: string): readonly RecordedCommand[] {
  const text = readFileSync(join(import.meta.dirname, '..', 'e2e', 'testdata', `kubectl-${version}.jsonl`), 'utf8')
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as RecordedCommand)
}

/** Names and numbers that each cluster makes up, and how often something is said while one waits. */
const MASKS: readonly (readonly [RegExp, string])[] = [
  [/\r/g, ''],
  [/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>'],
  [/\w{3}, \d\d \w{3} \d{4} [\d:]+ [+-]\d{4}/g, '<time>'],
  [/\d{4}-\d\d-\d\d [\d:.]+ \+0000/g, '<time>'],
  [/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<uid>'],
  [/(resourceVersion"?): "\d+"/g, '$1: "<revision>"'],
  [/\b\d+m +\d+% +\d+Mi +\d+%/g, '<use>'],
  [/\b(LIVE|MERGED)-\d+/g, '$1'],
  [/^@@ .* @@$/gm, '@@'],
  [/\b(web|d2)-[0-9a-z]{8,10}-[0-9a-z]{5}\b/g, '<$1 pod>'],
  [/\b(web|d2)-[0-9a-z]{8,10}\b/g, '<$1 replicaset>'],
  [/\bweb-[0-9a-z]{5}\b/g, '<web slice>'],
  [/pod-template-hash=[0-9a-z]+/g, 'pod-template-hash=<hash>'],
  [/\b(default-token|kube-api-access)-[0-9a-z]{5}\b/g, '$1-<suffix>'],
  [/\b\d+\.\d+\.\d+\.\d+:(\d{4,5})\b/g, '<ip>:<port>'],
  [/\b\d+\.\d+\.\d+\.\d+\b/g, '<ip>'],
  [/:3\d{4}\/TCP/g, ':<node port>/TCP'],
  [/(?<=^|[ (])(\d+d)?(\d+h)?(\d+m)?\d+s(?=[ \n)]|$)/gm, '<age>'],
  [/(?<=[ (])\d+[mhd](?=[ \n)]|$)/gm, '<age>'],
  [/docker:\/\/(sha256:)?[0-9a-f]{64}/g, 'docker://<id>'],
  [/(<none>) +\S.* docker:\/\/\S+/g, '$1 <machine>'],
  [/\b(n1|node1)\b/g, '<node>'],
  [/\bt(27|33)\b/g, 'NS'],
  [/\bv1\.(20\.2|36\.0(\+skiff)?)(?=\s|"|$)/gm, '<version>'],
  // How columns are filled up depends on the names in them.
  [/(?<=\S) {2,}/g, '  '],
  [/ +$/gm, ''],
  [/^Waiting for deployment .*\n/gm, ''],
  [/^.*response:200\n(?=.*response:200\n)/gm, ''],
  [/\]:\d+: response/g, ']:<port>: response'],
  // A probe may ask before the container listens, on a machine that has much to do.
  [/^.*\bUnhealthy\b.*Readiness probe failed.*\n/gm, ''],
  // kubectl cp often ends before it has shown what the other end's tar remarked.
  [/^tar: removing leading .*\n/gm, ''],
  // What was deleted a moment ago may be gone, on a machine that has much to do.
  [/^evicting pod NS\/<d2 pod>.*\n/gm, ''],
  [/ +(?=<age>\n)/g, '  '],
]

/** The answer without what differs from run to run; events in one order, since several happen within a second. */
export function masked({ code, stdout, stderr }: Answer, command: string): Answer {
  const mask = (text: string) => MASKS.reduce((masking, [pattern, name]) => masking.replace(pattern, name), text)
  const isEvents = /\bevents$/.test(command)
  return { code, stdout: isEvents ? sortedLines(mask(stdout)) : mask(stdout), stderr: mask(stderr) }
}

function sortedLines(text: string): string {
  return text.split('\n').sort().join('\n')
}
