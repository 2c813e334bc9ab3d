import { readFileSync } from 'node:fs'

/** The last error that a component's log tells of, in its own words: why it ended. */
export function lastError(logFile: string): string | undefined {
  const lines = readLines(logFile)
  for (const line of lines.reverse()) {
    const message = messageOf(line)
    if (message !== undefined) return message
  }
  return undefined
}

const ERROR_LEVEL = 50

function messageOf(line: string): string | undefined {
  // What the component told whoever had started it by hand.
  if (!line.startsWith('{')) return line.replace(/^skiff: /, '')
  try {
    const entry = JSON.parse(line) as { level?: number; msg?: string; err?: { message?: string } }
    if ((entry.level ?? 0) < ERROR_LEVEL) return undefined
    return [entry.msg, entry.err?.message].filter(Boolean).join(': ')
  } catch {
    return line
  }
}

function readLines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n').filter(Boolean).slice(-50)
  } catch {
    return []
  }
}
